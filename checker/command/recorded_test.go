package command

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/course"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/skeleton"
)

// An exercise that this machine lacks a feature for is judged here by evidence
// that was recorded in the VM: `make vm-record` makes it, of every program that the
// tests of this package have a verdict for. So nothing that is judged can drift
// unseen here; that programs still do what was recorded make vm-test holds.

// cannotRun tells whether this machine lacks a feature that the exercise asks for.
func cannotRun(t *testing.T, s *session, e *course.Exercise) bool {
	t.Helper()
	names, err := needs(s.root, e)
	require.NoError(t, err)
	for _, name := range names {
		why, err := s.lacks(t.Context())(name)
		require.NoError(t, err)
		if why != "" {
			return true
		}
	}
	return false
}

// recordingPath is where a program's evidence is kept: "solution", "accept-page".
func recordingPath(root string, e *course.Exercise, name string) string {
	return filepath.Join(root, "testdata/evidence", e.ID, name+".json")
}

// sourceHash is what tells whether a recording is of the program as it is.
func sourceHash(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files, dir)
	sum := sha256.New()
	for _, file := range files {
		src, err := os.ReadFile(file)
		require.NoError(t, err)
		sum.Write(src)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8])
}

// judgeRecording judges the recording of a program that lies in dir.
func judgeRecording(t *testing.T, a *app, e *course.Exercise, name, dir string) *judged {
	t.Helper()
	path := recordingPath(a.root, e, name)
	r, err := scenario.ReadRecording(path)
	require.NoError(t, err, "run make vm-record")
	require.Equal(t, sourceHash(t, dir), r.Of, "%s is of another state of %s: run make vm-record", path, dir)
	j := newJudging(a.root, e)
	j.scratch = t.TempDir()
	steps, outcomes := j.steps(t.Context(), r.Run)
	require.NotEmpty(t, r.Runs)
	return &judged{check: grade.Sum(e.ID, dir, steps, grade.Build{OK: true}, 0), first: r.Runs[0].Run, outcomes: outcomes}
}

// judgeHere checks a program, or judges its recording where this machine cannot run
// it.
func judgeHere(t *testing.T, a *app, s *session, e *course.Exercise, name, dir string, compile compiler) grade.Check {
	t.Helper()
	if cannotRun(t, s, e) {
		return judgeRecording(t, a, e, name, dir).check
	}
	b, err := compile(e, dir)
	require.NoError(t, err)
	j, err := a.judgeBuilt(s, &request{exercise: e, dir: dir, name: name}, b, time.Now())
	require.NoError(t, err)
	return j.check
}

// stageName is the name of the recording of what a learner has after so many steps.
func stageName(done int) string { return "stage-" + string(rune('0'+done)) }

// writeStage puts into dir what a learner has after so many steps.
func writeStage(t *testing.T, root string, e *course.Exercise, done int, dir string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "solutions", e.ID, "*.go"))
	require.NoError(t, err)
	for _, f := range files {
		src, err := os.ReadFile(f)
		require.NoError(t, err)
		stage, _, err := skeleton.Partly(f, src, done)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.Base(f)), stage, 0o644))
	}
}

// TestRecordingsAreOfThePrograms: there is none of a program that is gone.
func TestRecordingsAreOfThePrograms(t *testing.T) {
	a, c := kit(t)
	for _, e := range c.Exercises {
		paths, err := filepath.Glob(recordingPath(a.root, e, "*-*"))
		require.NoError(t, err)
		for _, path := range paths {
			r, err := scenario.ReadRecording(path)
			require.NoError(t, err)
			if r.Of == "" {
				continue
			}
			var w want
			for _, kind := range []string{"accept", "reject", "error"} {
				name, ok := cutPrefix(filepath.Base(path), kind+"-", ".json")
				if !ok {
					continue
				}
				data, err := os.ReadFile(filepath.Join(a.root, "testdata/submissions", e.ID, kind, name, "want.json"))
				if assert.NoError(t, err, "%s is of no program", path) {
					assert.NoError(t, json.Unmarshal(data, &w))
				}
			}
		}
	}
}

func cutPrefix(s, prefix, suffix string) (string, bool) {
	if len(s) < len(prefix)+len(suffix) || s[:len(prefix)] != prefix || s[len(s)-len(suffix):] != suffix {
		return "", false
	}
	return s[len(prefix) : len(s)-len(suffix)], true
}
