package once

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/sandbox"
)

// runVariable has the test's program do what the command does, which ends afterwards.
const runVariable = "PIDONE_TEST_ONCE"

// refusedVariable says why this machine has no sandboxes.
const refusedVariable = "PIDONE_TEST_REFUSED"

// TestMain gives an ordinary user's tests a user namespace to make sandboxes in.
func TestMain(m *testing.M) {
	if os.Getenv(runVariable) != "" {
		status, err := Run(os.Args[1:], os.Stdout, os.Stderr)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 2
		}
		os.Exit(status)
	}
	code, entered, err := sandbox.Enter()
	if err == nil && entered {
		os.Exit(code)
	}
	var refused *sandbox.RefusedError
	if errors.As(err, &refused) {
		os.Setenv(refusedVariable, err.Error())
	}
	os.Exit(m.Run())
}

func itself(t *testing.T, args ...string) *exec.Cmd {
	if why := os.Getenv(refusedVariable); why != "" {
		t.Skip("needs user namespaces: ", why)
	}
	program, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), runVariable+"=1")
	return cmd
}

func run(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, text strings.Builder
	cmd := itself(t, args...)
	cmd.Stdout, cmd.Stderr = &out, &text
	if err := cmd.Run(); err != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, err, &exit)
	}
	return cmd.ProcessState.ExitCode(), out.String(), text.String()
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
	_, out, _ := run(t, "--", "sh", "-c", "(sleep 0.3; echo late) & echo early")
	assert.Equal(t, "early\nlate\n", out, "it waits for all that the program began")
}

// TestNothingStays says that a sandbox goes, whether the command that made it ended or
// was killed.
func TestNothingStays(t *testing.T) {
	for _, killed := range []bool{true, false} {
		length := "0.3"
		if killed {
			length = "98.0" // seconds
		}
		mark := fmt.Sprintf("%s%09d", length, rand.IntN(1e9)) // no other command has it for an argument
		cmd := itself(t, "--", "sh", "-c", "sleep "+mark+" & sleep "+mark)
		require.NoError(t, cmd.Start())
		left := func() bool { return hasGroup(fmt.Sprintf("pidone-%d-", cmd.Process.Pid)) || runs(t, mark) }
		if killed {
			require.Eventually(t, func() bool { return runs(t, mark) }, 60*time.Second, time.Millisecond)
			require.True(t, left())
			require.NoError(t, cmd.Process.Kill())
		}
		_ = cmd.Wait()
		assert.Equal(t, !killed, cmd.ProcessState.Success())
		assert.Eventually(t, func() bool { return !left() }, 60*time.Second, 10*time.Millisecond, "killed: %v", killed)
	}
}

// hasGroup tells whether a cgroup's name begins so.
func hasGroup(prefix string) (found bool) {
	filepath.WalkDir("/sys/fs/cgroup", func(name string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), prefix) {
			found = true
			return fs.SkipAll
		}
		return nil // what has gone meanwhile too
	})
	return found
}

// runs tells whether some process has an argument with this in it.
func runs(t *testing.T, argument string) bool {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		if line, err := os.ReadFile(file); err == nil && strings.Contains(string(line), argument) {
			return true
		}
	}
	return false
}

func TestBadUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"--"}, {"--record"}, {"true"}, {"--what", "--", "true"}} {
		_, err := Run(args, os.Stdout, os.Stderr)
		assert.ErrorContains(t, err, "say what to run", args)
	}
	_, err := Run([]string{"--", "/none/such"}, os.Stdout, os.Stderr)
	assert.ErrorContains(t, err, "/none/such")
}
