package command

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// classFolder makes a folder of submissions, and tells what each must get:
// "pass 100", "fail 50 flag-missing-pid", "error 0". One of the slow ones takes
// until its limit of time.
func classFolder(t *testing.T, slow bool) (dir string, wanted map[string]string) {
	t.Helper()
	root := os.Getenv(rootVariable)
	dir, wanted = t.TempDir(), map[string]string{}
	programs := []string{
		"accept/exec-cloneflags", "accept/own-module", "reject/does-not-compile", "reject/flag-missing-pid",
		"reject/skeleton-unchanged", "reject/no-child",
	}
	if slow {
		programs = append(programs, "reject/time-limit")
	}
	for _, name := range programs {
		from := filepath.Join(root, "testdata/submissions", exercise03, name)
		var w want
		data, err := os.ReadFile(filepath.Join(from, "want.json"))
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(data, &w))
		if w.CopyOf != "" {
			from = filepath.Join(root, w.CopyOf)
		}
		student := filepath.Base(name)
		require.NoError(t, os.CopyFS(filepath.Join(dir, student), os.DirFS(from)))
		wanted[student] = strings.TrimSpace(fmt.Sprintf("%s %d %s", w.Verdict, w.Score, w.Cause))
	}
	solution, err := os.ReadFile(filepath.Join(root, solution03, "main.go"))
	require.NoError(t, err)
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	write("deeper/attempt/03/main.go", string(solution))
	wanted["deeper"] = "pass 100"
	write("two/a/main.go", string(solution))
	write("two/b/main.go", string(solution))
	wanted["two"] = "error 0"
	write("essay/report.txt", "I did it.")
	wanted["essay"] = "fail 0 not-go"
	f, err := os.Create(filepath.Join(dir, "zipped.zip"))
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.Create("src/main.go")
	require.NoError(t, err)
	w.Write(solution)
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())
	wanted["zipped"] = "pass 100"
	return dir, wanted
}

// resultsFile reads results.json.
func resultsFile(t *testing.T, out string) (names []string, got map[string]string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(out, "results.json"))
	require.NoError(t, err)
	var results struct {
		Exercise    string
		Submissions []grade.Entry
	}
	require.NoError(t, json.Unmarshal(data, &results))
	assert.Equal(t, exercise03, results.Exercise)
	got = map[string]string{}
	for _, e := range results.Submissions {
		names = append(names, e.Name)
		text := fmt.Sprintf("%s %d", e.Verdict, e.Score)
		for _, s := range e.Steps {
			if s.Verdict == grade.Fail {
				text += " " + s.Findings[0].Cause
				break
			}
		}
		got[e.Name] = text
	}
	return names, got
}

// reportFiles returns all that reports are, by path.
func reportFiles(t *testing.T, out string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(out, func(path string, d os.DirEntry, err error) error {
		require.NoError(t, err)
		rel, err := filepath.Rel(out, path)
		require.NoError(t, err)
		switch top, _, _ := strings.Cut(rel, "/"); top {
		case "submissions", "evidence", ".lock", "class.json":
			return nil
		}
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			all[rel] = string(data)
		}
		return nil
	}))
	require.NotEmpty(t, all)
	return all
}

// leftIn says what a grader that is gone has left in its folder.
func leftIn(t *testing.T, out string) (left []string) {
	t.Helper()
	for _, pattern := range []string{".new-*", "*/.new-*", ".*.tmp"} {
		found, err := filepath.Glob(filepath.Join(out, pattern))
		require.NoError(t, err)
		left = append(left, found...)
	}
	return left
}

func keys(m map[string]string) (all []string) {
	for k := range m {
		all = append(all, k)
	}
	return all
}

// spare returns ids besides root's that this test may use.
func spare() string {
	data, _ := os.ReadFile("/proc/self/uid_map")
	var inside, outside, count int
	if n, _ := fmt.Sscan(string(data), &inside, &outside, &count); n == 3 && count > 65534 {
		return "nobody"
	}
	return ""
}

// runAsNobody runs the checker as an ordinary user who may make no namespace,
// where this test may become one.
func runAsNobody(t *testing.T, dir string, args ...string) (out, diagnostics string, code int) {
	t.Helper()
	if os.Getuid() != 0 || spare() == "" {
		return runChecker(t, dir, nil, args...) // the test's user is one already
	}
	program, err := checkerProgram()
	require.NoError(t, err)
	require.NoError(t, os.Chmod(filepath.Dir(program), 0o755))
	// The kit may lie where the user cannot look: it gets a copy.
	kit := copyKit(t)
	cmd := exec.Command(program, args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534, NoSetGroups: true}}
	return finish(t, cmd, kit, nil)
}

// copyKit copies what of the kit judging needs.
func copyKit(t *testing.T) string {
	t.Helper()
	root, kit := os.Getenv(rootVariable), t.TempDir()
	for _, folder := range []string{"docs", "testdata/scenarios", "solutions"} {
		require.NoError(t, os.CopyFS(filepath.Join(kit, folder), os.DirFS(filepath.Join(root, folder))))
	}
	for dir := kit; dir != "/" && strings.HasPrefix(dir, os.TempDir()); dir = filepath.Dir(dir) {
		if dir != os.TempDir() {
			require.NoError(t, os.Chmod(dir, 0o755))
		}
	}
	return kit
}

// changedKit is a kit where the first step of 03 is worth 5 points more.
func changedKit(t *testing.T) string {
	t.Helper()
	kit := copyKit(t)
	scripts, err := filepath.Glob(filepath.Join(kit, "testdata/scenarios", exercise03, "1-*.txtar"))
	require.NoError(t, err)
	require.Len(t, scripts, 1)
	text, err := os.ReadFile(scripts[0])
	require.NoError(t, err)
	changed := regexp.MustCompile(`(?m)^points 20$`).ReplaceAllString(string(text), "points 25")
	require.NotEqual(t, string(text), changed)
	require.NoError(t, os.WriteFile(scripts[0], []byte(changed), 0o644))
	return kit
}

// writeProgram writes a file that will be executed. Another process does it: while
// this one had the file open a test beside could fork a child that has it open, too,
// and until that executes something nobody may execute the file (ETXTBSY, execve(2)).
func writeProgram(t *testing.T, path string, data []byte) {
	t.Helper()
	cmd := exec.Command("sh", "-c", `cat >"$0" && chmod 755 "$0"`, path)
	cmd.Stdin = bytes.NewReader(data)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
}
