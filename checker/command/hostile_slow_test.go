//go:build hostile

package command

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// number returns a number of the environment's, for who has less time.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	require.NoError(t, err)
	return n
}

// TestAllTenTimes grades all programs with known verdicts of each exercise as
// one class, ten times over, one, two and eight at once. ROUNDS is another
// number of times.
func TestAllTenTimes(t *testing.T) {
	a, c := kit(t)
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	rounds := int(number(t, "ROUNDS", 10))
	s := openTestSession(t, a)
	for _, e := range c.Exercises {
		if cannotRun(t, s, e) {
			t.Logf("%s is left out: this machine lacks a feature", e.ID)
			continue
		}
		class := t.TempDir()
		musts := layKnown(t, a.root, e.ID, class)
		if e.Number == "03" {
			for name, h := range layHostile(t, a.root, class, 1) {
				musts[name] = h
			}
		}
		for round := range rounds {
			for _, jobs := range []int{1, 2, 8} {
				t.Run(fmt.Sprintf("%s, round %d, jobs %d", e.Number, round+1, jobs), func(t *testing.T) {
					start := time.Now()
					gradeWatched(t, a, e.Number, class, jobs, musts)
					t.Logf("%d submissions in %v", len(musts), time.Since(start).Round(time.Second))
				})
			}
		}
	}
}

// layKnown puts the accept and reject programs of an exercise into a class. A
// class has no arguments, so those that want some are not in it.
func layKnown(t *testing.T, root, exercise, class string) map[string]*hostile {
	musts := map[string]*hostile{}
	for _, kind := range []string{"accept", "reject"} {
		files, err := filepath.Glob(filepath.Join(root, "testdata/submissions", exercise, kind, "*/want.json"))
		require.NoError(t, err)
		require.NotEmpty(t, files)
		for _, file := range files {
			h := &hostile{Within: 120, dir: filepath.Dir(file)}
			h.Name = kind + " " + filepath.Base(h.dir)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, json.Unmarshal(data, h))
			if len(h.Args) > 0 {
				t.Logf("%s is left out: it wants arguments", h.Name)
				continue
			}
			if h.CopyOf != "" {
				h.dir = filepath.Join(root, h.CopyOf)
			}
			require.NoError(t, os.CopyFS(filepath.Join(class, h.Name), os.DirFS(h.dir)))
			os.Remove(filepath.Join(class, h.Name, "want.json"))
			musts[h.Name] = h
		}
	}
	return musts
}

// TestGraderKilledOften kills the grader at 50 moments. KILLS is another number
// of them, SEED makes them those of an earlier time.
func TestGraderKilledOften(t *testing.T) {
	killGrader(t, int(number(t, "KILLS", 50)), number(t, "SEED", rand.Uint64()), true)
}
