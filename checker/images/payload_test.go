package images

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func goCommand() (string, error) { return exec.LookPath("go") }

// payload compiles the kit's payload into a file.
func payload(t *testing.T) string {
	t.Helper()
	data, err := Payload(t.Context(), "../..", goCommand)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "payload")
	require.NoError(t, os.WriteFile(path, data, 0o755))
	return path
}

func TestPayloadIsCompiledOnce(t *testing.T) {
	first, err := Payload(t.Context(), "../..", goCommand)
	require.NoError(t, err)
	second, err := Payload(t.Context(), "../..", func() (string, error) { return "", errors.New("there is no need") })
	require.NoError(t, err)
	assert.True(t, bytes.Equal(first, second))
}

func TestPayloadCannotBeCompiled(t *testing.T) {
	t.Setenv("PIDONE_CACHE", t.TempDir())
	kit := t.TempDir()
	_, err := Payload(t.Context(), kit, goCommand)
	assert.ErrorContains(t, err, "find payload: no checker/payload/*.go")
	for _, dir := range []string{"checker/payload", "checker/evidence", "checker/pace"} {
		require.NoError(t, os.MkdirAll(filepath.Join(kit, dir), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(kit, dir, "x.go"), []byte("package main\nfunc main() { broken }\n"), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(kit, "go.sum"), nil, 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(kit, "go.mod"), []byte("module x\n"), 0o644))
	_, err = Payload(t.Context(), kit, goCommand)
	assert.ErrorContains(t, err, "undefined: broken")
	_, err = Payload(t.Context(), kit, func() (string, error) { return "", errors.New("no go") })
	assert.EqualError(t, err, "compile payload: no go")
}

func TestPayloadSays(t *testing.T) {
	cmd := exec.Command(payload(t), "say", "a b", "", "-x")
	cmd.Stdin = strings.NewReader("a line\n")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err)
	var said evidence.Said
	require.NoError(t, json.Unmarshal(out, &said))
	assert.Equal(t, []string{"a b", "", "-x"}, said.Args)
	assert.Equal(t, "a line\n", said.Stdin)
	assert.Equal(t, cmd.Process.Pid, said.PID)
	assert.Contains(t, said.Root, "proc")
	assert.Contains(t, said.PIDs, cmd.Process.Pid)
	assert.Contains(t, said.Mounts, "/proc")
	assert.Empty(t, said.Errors)
	assert.Len(t, said.Word, 16)
	assert.Contains(t, errs.String(), "payload: error word ")
	assert.True(t, slices.ContainsFunc(said.Interfaces, func(line string) bool { return strings.HasPrefix(line, "lo ") }), "%v", said.Interfaces)
}

func TestPayloadDoes(t *testing.T) {
	program := payload(t)
	file := filepath.Join(t.TempDir(), "x")
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"exit", "3"}, 3, ""},
		{[]string{"write", file, "hello", "then", "exit", "4"}, 4, ""},
		{[]string{"read", file, "/not/there"}, 0, `"hello"`},
		{[]string{"write", "/not/there/x", "y", "then", "exit", "4"}, 1, "payload: write: open /not/there/x"},
		{[]string{"take", "3M"}, 0, "took 3145728 bytes"},
		{[]string{"spin", "1ms"}, 0, ""},
		{[]string{"fork", "exit", "5"}, 1, "payload: fork: exit status 5"},
		{[]string{"fork", "take", "1K", "then", "take", "2K"}, 0, "took 2048"},
		{[]string{"dance"}, 64, `"dance" is no instruction`},
		{[]string{"then", "then"}, 0, ""},
		{nil, 0, ""},
		{[]string{"exit"}, 1, "want one argument"},
	} {
		cmd := exec.Command(program, c.args...)
		out, _ := cmd.CombinedOutput()
		assert.Equal(t, c.code, cmd.ProcessState.ExitCode(), "%q: %s", c.args, out)
		assert.Contains(t, string(out), c.want, "%q", c.args)
	}
}

func TestBox(t *testing.T) {
	nodes := Marked(Box([]byte("program")), "one")
	nodes = Marked(nodes, "two")
	text := show(nodes)
	assert.Contains(t, text, "opt/payload 755 0:0 program")
	assert.Contains(t, text, "bin/payload 755 0:0 = opt/payload")
	assert.Contains(t, text, "etc/image-mark 444 0:0 two")
	assert.Equal(t, 1, strings.Count(text, "image-mark"))
	assert.Equal(t, "etc 755 0:0 dir \netc/image-mark 444 0:0 x\n", show(Marked(nil, "x")))
	assert.NotEqual(t, NewMark(), NewMark())
}
