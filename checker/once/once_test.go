package once

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/sandbox"
)

// TestMain gives an ordinary user's tests a user namespace to make sandboxes in.
func TestMain(m *testing.M) {
	code, entered, err := sandbox.Enter()
	if err == nil && entered {
		os.Exit(code)
	}
	os.Exit(m.Run())
}

func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	dir := t.TempDir()
	var streams [2]*os.File
	for i, name := range []string{"out", "err"} {
		f, err := os.Create(filepath.Join(dir, name))
		require.NoError(t, err)
		defer f.Close()
		streams[i] = f
	}
	status, err := Run(args, streams[0], streams[1])
	var refused *sandbox.RefusedError
	if errors.As(err, &refused) {
		t.Skip("needs user namespaces: ", err)
	}
	require.NoError(t, err)
	out, err := os.ReadFile(filepath.Join(dir, "out"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "err"))
	require.NoError(t, err)
	return status, string(out), string(text)
}

func TestRun(t *testing.T) {
	own := filepath.Join(t.TempDir(), "own")
	shell, err := os.ReadFile("/bin/sh")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(own, shell, 0o755))
	for _, record := range [][]string{nil, {"--record"}} {
		status, out, text := run(t, append(record, "--", "sh", "-c", "echo out; echo err >&2; exit 3")...)
		assert.Equal(t, 3, status, record)
		assert.Equal(t, "out\n", out, record)
		assert.Equal(t, "err\n", text, record)
		status, out, _ = run(t, append(record, "--", own, "-c", "echo own; exit 5")...)
		assert.Equal(t, 5, status, "%v: a program that the sandbox does not show", record)
		assert.Equal(t, "own\n", out, record)
	}
	status, _, _ := run(t, "--", "sh", "-c", "kill -9 $$")
	assert.Equal(t, 128+9, status)
}

func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"--"}, {"--record"}, {"true"}, {"--what", "--", "true"}} {
		_, err := Run(args, os.Stdout, os.Stderr)
		assert.ErrorContains(t, err, "say what to run", args)
	}
	_, err := Run([]string{"--", "/none/such"}, os.Stdout, os.Stderr)
	assert.ErrorContains(t, err, "/none/such")
}
