package command

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/grade"
)

// TestGraderKilled is the short form of TestGraderKilledOften.
func TestGraderKilled(t *testing.T) {
	killGrader(t, 3, rand.Uint64(), false)
}

// killClass makes a class whose reports hold nothing that is another the next
// time, such as a pid, but times; with some that run until their limit of time
// if there is time for those.
func killClass(t *testing.T, root string, limit bool) string {
	t.Helper()
	class := t.TempDir()
	put := func(name, from string) {
		require.NoError(t, os.CopyFS(filepath.Join(class, name), os.DirFS(filepath.Join(root, from))))
		os.Remove(filepath.Join(class, name, "want.json")) // not all have one
	}
	const reject = "testdata/submissions/03-namespace-isolation/reject/"
	put("right", solution03)
	put("right too", solution03)
	for _, name := range []string{"child-failure-ignored", "does-not-compile", "leaves-mount"} {
		put(name, reject+name)
	}
	attacks := []string{"zip-dotdot", "prints-pass", "escape-codes"}
	if limit {
		attacks = append(attacks, "daemon", "sleep-for-ever")
	}
	for _, name := range attacks {
		h := &hostile{Name: name, dir: filepath.Join(root, "testdata/submissions/hostile", name)}
		h.lay(t, class)
	}
	require.NoError(t, os.Mkdir(filepath.Join(class, "empty"), 0o755))
	return class
}

// killGrader ends the grader at random moments. Whenever that is: what it had
// kept is kept, nothing of it runs or lies about, and when it is started again
// it comes to the very reports of one that was left alone.
func killGrader(t *testing.T, kills int, seed uint64, limit bool) {
	t.Logf("seed %d", seed)
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) // orphans come to us
	random := rand.New(rand.NewPCG(seed, seed))
	program, err := checkerProgram()
	require.NoError(t, err)
	root := os.Getenv(rootVariable)
	class := killClass(t, root, limit)
	start := func(out, tmp string) *exec.Cmd {
		cmd := exec.Command(program, "grade", "--step", "03", "--out", out, "--jobs", "4", class)
		cmd.Dir, cmd.Env = root, append(os.Environ(), "TMPDIR="+tmp)
		require.NoError(t, cmd.Start())
		return cmd
	}
	clean := func(cmd *exec.Cmd, tmp string) []string {
		var left []string
		for _, l := range append(leftBy(cmd.Process.Pid), traces(t, tmp, cmd.Process.Pid)...) {
			if !strings.HasSuffix(l, " mounts") {
				left = append(left, l)
			}
		}
		return left
	}
	finish := func(out, tmp string) {
		cmd := start(out, tmp)
		cmd.Wait()
		require.Equal(t, failed, cmd.ProcessState.ExitCode(), "some pass, some fail, none is an error")
		assert.Eventually(t, func() bool { return len(clean(cmd, tmp)) == 0 }, 10*time.Second, 20*time.Millisecond, "left: %v", clean(cmd, tmp))
	}
	mounts := mountCount(t)
	whole := t.TempDir()
	begun := time.Now()
	finish(whole, t.TempDir())
	took := time.Since(begun)
	want := reports(t, whole)
	require.Greater(t, len(want), 20)

	kept, early := 0, 0
	for range kills {
		out, tmp := t.TempDir(), t.TempDir()
		cmd := start(out, tmp)
		after := time.Duration(random.Int64N(int64(took)))
		time.Sleep(after)
		cmd.Process.Signal(unix.SIGKILL)
		cmd.Wait()
		if cmd.ProcessState.Exited() {
			early++ // it was through
		}
		when := fmt.Sprintf("killed after %v, seed %d", after, seed)
		if !assert.Eventually(t, func() bool { return len(clean(cmd, tmp)) == 0 }, 10*time.Second, 20*time.Millisecond, when) {
			t.Fatalf("%s: left: %v", when, clean(cmd, tmp))
		}
		before := records(t, out)
		kept += len(before)
		finish(out, tmp)
		now := records(t, out)
		for name, text := range before {
			require.Equal(t, text, now[name], "%s: what was kept of %s", when, name)
		}
		got := reports(t, out)
		require.Len(t, got, len(want), "%s", when)
		for name, text := range want {
			require.Equal(t, strings.Split(text, "\n"), strings.Split(got[name], "\n"), "%s: %s", when, name)
		}
	}
	t.Logf("%d kills within %v: %d results were there already, %d came too late", kills, took, kept, early)
	assert.Less(t, early, max(kills, 2))
	assert.Equal(t, mounts, mountCount(t))

	// With nothing left to grade, all reports are the same to the byte.
	bytes := files(t, whole)
	finish(whole, t.TempDir())
	again := files(t, whole)
	delete(bytes, ".lock")
	delete(again, ".lock")
	for name, text := range bytes {
		assert.True(t, text == again[name], "%s is another the second time", name)
	}
	assert.Len(t, again, len(bytes))
}

func mountCount(t *testing.T) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	return strings.Count(string(data), "\n")
}

// files returns what is in a folder.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		all[name] = string(data)
		return err
	}))
	return all
}

// records returns the results that were kept, as they are.
func records(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	paths, err := filepath.Glob(filepath.Join(out, "submissions/*.json"))
	require.NoError(t, err)
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var r grade.Record
		require.NoError(t, json.Unmarshal(data, &r), "a result is whole or not there: %s", path)
		all[r.Entry.Name] = string(data)
	}
	return all
}

// reports returns the reports, without times, and what they share in them:
// names of hosts and numbers in the output of programs.
func reports(t *testing.T, out string) map[string]string {
	t.Helper()
	all := files(t, out)
	numbers, hosts := regexp.MustCompile(`[0-9]+(\.[0-9]+)?`), regexp.MustCompile(`\b[a-z]{10}\b`)
	for name, text := range all {
		switch {
		case name == ".lock", name == "report.html", strings.HasPrefix(name, "submissions/"):
			delete(all, name) // the picture of a run has an order that is not the same each time
		default:
			all[name] = hosts.ReplaceAllString(numbers.ReplaceAllString(text, "0"), "host")
		}
	}
	var results struct{ Submissions []grade.Entry }
	data, err := os.ReadFile(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &results))
	for _, e := range results.Submissions {
		all["result of "+e.Name] = resultOf(&e).String()
	}
	return all
}
