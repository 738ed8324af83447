package command

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/batch"
	"pidone/checker/grade"
)

const exercise03 = "03-namespace-isolation"

func TestGrade(t *testing.T) {
	t.Parallel()
	dir, wanted := classFolder(t, true)
	root, out := os.Getenv(rootVariable), filepath.Join(t.TempDir(), "report")
	roster := filepath.Join(t.TempDir(), "roster.csv")
	require.NoError(t, os.WriteFile(roster, []byte("name\nnobody\n"+strings.Join(keys(wanted), "\n")+"\n"), 0o644))
	wanted["nobody"] = "fail 0 not-handed-in"

	args := []string{"grade", "--step", "03", "--out", out, "--roster", roster, "--evidence", "--jobs", "2", dir}
	summary, lines, code := runChecker(t, root, nil, args...)
	assert.Equal(t, broken, code, "one could not be told: %s", lines)
	names, got := resultsFile(t, out)
	assert.Equal(t, wanted, got)
	assert.IsIncreasing(t, names)
	assert.Contains(t, summary, fmt.Sprintf("%d submissions: 4 pass, 7 fail, 1 error", len(wanted)))
	assert.Contains(t, summary, "two: ")
	assert.Contains(t, lines, fmt.Sprintf("%d/%d ", len(wanted), len(wanted)))
	assert.Regexp(t, `zipped: pass 100/100 \(\d+ pass, \d+ fail`, lines)
	assert.Contains(t, lines, "once more, one at a time")
	assert.Empty(t, leftIn(t, out))
	first := reportFiles(t, out)
	for _, name := range []string{"results.json", "results.csv", "junit.xml", "summary.md", "report.html", "gradescope/zipped/results.json", "classroom/two.json"} {
		assert.Contains(t, first, name)
	}

	t.Run("again", func(t *testing.T) {
		start := time.Now()
		_, lines, code := runChecker(t, root, nil, args...)
		assert.Equal(t, broken, code)
		assert.Contains(t, lines, " two: error", "an error is tried again")
		assert.NotContains(t, lines, " zipped: ", "a result is used again")
		assert.Less(t, time.Since(start), 8*time.Second, "the one with the time limit is not run again")
		again := reportFiles(t, out)
		for _, name := range []string{"gradescope/zipped/results.json", "classroom/time-limit.json"} {
			assert.Equal(t, first[name], again[name])
		}
	})

	t.Run("another exercise", func(t *testing.T) {
		before := reportFiles(t, out)
		_, diagnostics, code := runChecker(t, root, nil, "grade", "--step", "02", "--out", out, dir)
		assert.Equal(t, broken, code)
		assert.Contains(t, diagnostics, exercise03)
		assert.Contains(t, diagnostics, "OUT=report-02")
		assert.Equal(t, before, reportFiles(t, out))
	})

	t.Run("regrade without root or namespaces", func(t *testing.T) {
		before := reportFiles(t, out)
		require.NoError(t, os.Chmod(filepath.Dir(out), 0o755))
		if os.Getuid() == 0 && len(spare()) > 0 {
			require.NoError(t, exec.Command("chown", "-R", "65534:65534", out).Run())
		}
		_, diagnostics, code := runAsNobody(t, root, "regrade", out)
		assert.Equal(t, broken, code, "%s", diagnostics)
		assert.Equal(t, before, reportFiles(t, out), "the same scenarios, the same reports")
	})
	t.Run("regrade by changed scenarios", func(t *testing.T) {
		kit := changedKit(t)
		_, diagnostics, code := runChecker(t, kit, nil, "regrade", out)
		assert.Equal(t, broken, code, "%s", diagnostics)
		_, got := resultsFile(t, out)
		assert.Equal(t, "pass 105", got["zipped"], "step 1 is worth 25 now")
		assert.Equal(t, "fail 85 time-limit", got["time-limit"])
		assert.Equal(t, "fail 0 not-go", got["essay"])

		// A run that nobody has recorded.
		scripts, err := filepath.Glob(filepath.Join(kit, "testdata/scenarios", exercise03, "1-*.txtar"))
		require.NoError(t, err)
		require.Len(t, scripts, 1)
		script := scripts[0]
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(script, []byte(strings.Replace(string(text), "\ncontainer\n", "\ncontainer -- other arguments\n", 1)), 0o644))
		summary, _, code := runChecker(t, kit, nil, "regrade", out)
		assert.Equal(t, broken, code)
		assert.Contains(t, summary, "not recorded")
		_, got = resultsFile(t, out)
		assert.Regexp(t, "^error", got["zipped"])

		// A slip of the pen costs no results.
		before := reportFiles(t, out)
		require.NoError(t, os.WriteFile(script, append(text, "chidl exists\n"...), 0o644))
		_, diagnostics, code = runChecker(t, kit, nil, "regrade", out)
		assert.Equal(t, broken, code)
		assert.Contains(t, diagnostics, "chidl exists")
		assert.Equal(t, before, reportFiles(t, out))
	})
}

// TestShards grades a class in eight processes at once, and joins them.
func TestShards(t *testing.T) {
	dir, wanted := classFolder(t, false)
	root, work := os.Getenv(rootVariable), t.TempDir()
	var outs []string
	var all sync.WaitGroup
	for n := 8; n > 0; n-- {
		out := filepath.Join(work, fmt.Sprint("shard-", n))
		outs = append(outs, out)
		all.Go(func() {
			runChecker(t, root, nil, "grade", "--step", "03", "--jobs", "1", "--out", out, "--shard", fmt.Sprintf("%d/8", n), dir)
		})
	}
	all.Wait()
	whole := filepath.Join(work, "whole")
	_, diagnostics, code := runChecker(t, root, nil, append([]string{"merge", "--out", whole}, outs[1:]...)...)
	assert.Equal(t, broken, code)
	assert.Contains(t, diagnostics, "grade shard 8/8")
	assert.NoFileExists(t, filepath.Join(whole, "results.json"))

	_, diagnostics, code = runChecker(t, root, nil, append([]string{"merge", "--out", whole}, outs...)...)
	assert.Equal(t, broken, code, diagnostics)
	_, got := resultsFile(t, whole)
	assert.Equal(t, wanted, got)
	merged := reportFiles(t, whole)

	// In another order the same, and the same as one run that has these results.
	other := filepath.Join(work, "other")
	for i, j := 0, len(outs)-1; i < j; i, j = i+1, j-1 {
		outs[i], outs[j] = outs[j], outs[i]
	}
	runChecker(t, root, nil, append([]string{"merge", "--out", other}, outs...)...)
	assert.Equal(t, merged, reportFiles(t, other))
	delete(wanted, "two") // it is an error, and so made anew
	_, lines, _ := runChecker(t, root, nil, "grade", "--step", "03", "--out", other, dir)
	assert.NotContains(t, lines, "pass 100/100", "all is used again")
	for name, text := range reportFiles(t, other) {
		if strings.HasPrefix(name, "gradescope/") && !strings.Contains(name, "two") {
			assert.Equal(t, merged[name], text, name)
		}
	}
}

// TestGradeKilled kills the grader, and has the next call go on.
func TestGradeKilled(t *testing.T) {
	dir, wanted := classFolder(t, false)
	program, err := checkerProgram()
	require.NoError(t, err)
	root, out := os.Getenv(rootVariable), filepath.Join(t.TempDir(), "report")
	args := []string{"grade", "--step", "03", "--out", out, "--jobs", "2", dir}
	have := func() int {
		files, err := filepath.Glob(filepath.Join(out, "submissions", "*.json"))
		require.NoError(t, err)
		return len(files)
	}
	for i, sig := range []unix.Signal{unix.SIGKILL, unix.SIGINT, unix.SIGKILL, unix.SIGTERM} {
		before := have()
		marker := fmt.Sprintf("PIDONE_TEST_MARKER=%d-grade-%d", os.Getpid(), i)
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = root, append(os.Environ(), marker)
		var said strings.Builder
		cmd.Stderr = &said
		require.NoError(t, cmd.Start())
		require.Eventually(t, func() bool { return have() > before }, 30*time.Second, time.Millisecond)
		require.NoError(t, cmd.Process.Signal(sig))
		cmd.Wait()
		if sig != unix.SIGKILL && have() < len(wanted) {
			assert.Contains(t, said.String(), "goes on from there")
			assert.Equal(t, 130, cmd.ProcessState.ExitCode())
			assert.Empty(t, leftIn(t, out))
		}
		assert.Eventually(t, func() bool { return len(descendants(marker)) == 0 }, 10*time.Second, 20*time.Millisecond)
	}
	kept := map[string]string{}
	for name := range wanted {
		data, err := os.ReadFile(filepath.Join(out, "submissions", grade.FileName(name)+".json"))
		if err == nil {
			kept[name] = string(data)
		}
	}
	require.NotEmpty(t, kept)
	runChecker(t, root, nil, args...)
	_, got := resultsFile(t, out)
	assert.Equal(t, wanted, got)
	assert.Empty(t, leftIn(t, out))
	for name, text := range kept {
		data, err := os.ReadFile(filepath.Join(out, "submissions", grade.FileName(name)+".json"))
		require.NoError(t, err)
		if !strings.HasPrefix(wanted[name], "error") {
			assert.Equal(t, text, string(data), "%s was reached before, and is not made again", name)
		}
	}
}

func TestGradeUsage(t *testing.T) {
	root, out := os.Getenv(rootVariable), filepath.Join(t.TempDir(), "out")
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "ada"), 0o755))
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"grade", "--step", "03"}, "which folder"},
		{[]string{"grade", "--step", "03", ""}, "which folder"},
		{[]string{"grade", dir}, "which exercise"},
		{[]string{"grade", "--step", "03.2", dir}, "--step 03, not 03.2"},
		{[]string{"grade", "--step", "99", dir}, "99"},
		{[]string{"grade", "--step", "03", "/nowhere"}, "/nowhere"},
		{[]string{"grade", "--step", "03", "/etc/passwd"}, "it is a file"},
		{[]string{"grade", "--step", "03", "--jobs", "99", dir}, "--jobs 99"},
		{[]string{"grade", "--step", "03", "--shard", "9/8", dir}, "9/8"},
		{[]string{"grade", "--step", "03", "--format", "pdf", dir}, "pdf"},
		{[]string{"grade", "--step", "03", "--only", "bob", dir}, "bob"},
		{[]string{"grade", "--step", "03", "--only", "Ada", dir}, "there are, for one, ada"},
		{[]string{"grade", "--step", "03", "--roster", "/nowhere.csv", dir}, "/nowhere.csv"},
		{[]string{"grade", "--step", "03", t.TempDir()}, "empty"},
		{[]string{"grade", "--step", "03", filepath.Join(root, solution03)}, "make check"},
		{[]string{"grade", "--step", "03", "--out", dir, dir}, "among the submissions"},
		{[]string{"grade", "--step", "03", "--out", filepath.Join(dir, "ada/report"), dir}, "among the submissions"},
		{[]string{"grade", "--step", "03", "--out", filepath.Join(root, "docs"), dir}, "no results"},
		{[]string{"regrade"}, "which folder"},
		{[]string{"regrade", dir}, "nothing was graded"},
		{[]string{"merge", dir}, "--out"},
		{[]string{"merge", "--out", out, dir}, "nothing was graded"},
		{[]string{"merge", "--out", out, out}, "cannot be a shard"},
	} {
		args := c.args
		if args[0] == "grade" {
			args = append([]string{"grade", "--out", out}, args[1:]...)
		}
		_, diagnostics, code := runChecker(t, root, nil, args...)
		assert.Equal(t, broken, code, "%q", args)
		assert.Contains(t, diagnostics, c.says, "%q", args)
		assert.NoDirExists(t, out, "%q makes nothing", args)
	}
}

func TestGradeWhereAnotherGrades(t *testing.T) {
	root, out := os.Getenv(rootVariable), t.TempDir()
	s, err := batch.OpenStore(out)
	require.NoError(t, err)
	defer s.Close()
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "ada"), 0o755))
	_, diagnostics, code := runChecker(t, root, nil, "grade", "--step", "03", "--out", out, dir)
	assert.Equal(t, broken, code)
	assert.Contains(t, diagnostics, "another checker")
	assert.NoFileExists(t, filepath.Join(out, "results.json"))
}

// TestGradeOnATerminal looks at the bar, and at what Ctrl-C says.
func TestGradeOnATerminal(t *testing.T) {
	program, err := checkerProgram()
	require.NoError(t, err)
	dir := t.TempDir()
	fewSubmissions(t, dir)
	out := filepath.Join(t.TempDir(), "report")
	on := func(width uint16, args ...string) (string, int) {
		cmd := exec.Command(program, append([]string{"grade", "--step", "03", "--out", out, dir}, args...)...)
		cmd.Dir = os.Getenv(rootVariable)
		cmd.Env = append(os.Environ(), "TERM=xterm", "LANG=C.UTF-8")
		tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: width})
		require.NoError(t, err)
		defer tty.Close()
		var shown strings.Builder
		buf := make([]byte, 4096)
		for {
			n, err := tty.Read(buf)
			shown.Write(buf[:n])
			if err != nil {
				break // EIO: the last of it has closed the terminal
			}
			if len(args) > 0 && args[0] == "--redo" && strings.Contains(shown.String(), "(1/3)") {
				args = nil
				_, err := tty.Write([]byte{3}) // Ctrl-C
				require.NoError(t, err)
			}
		}
		cmd.Wait()
		return shown.String(), cmd.ProcessState.ExitCode()
	}
	for _, width := range []uint16{100, 40} {
		shown, code := on(width)
		assert.Equal(t, failed, code)
		before, _, found := strings.Cut(shown, exercise03)
		require.True(t, found)
		assert.Contains(t, before, "(2/3)")
		for _, line := range regexp.MustCompile(`[\r\n]`).Split(before, -1) {
			plain := regexp.MustCompile("\x1b\\[[0-9;]*[A-Za-z]").ReplaceAllString(line, "")
			assert.LessOrEqual(t, len([]rune(plain)), int(width), "%q", plain)
		}
	}
	shown, code := on(80, "--redo")
	assert.Equal(t, interrupted, code)
	shown = strings.Join(strings.Fields(shown), " ") // it is broken into lines
	assert.Regexp(t, `interrupted, .*; \d of 3 results are kept`, shown)
	assert.Contains(t, shown, "without --redo goes on from there")
	assert.Empty(t, leftIn(t, out))
}
