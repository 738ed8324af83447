//go:build vm

package command

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/grade"
)

// builtChecker compiles the checker and returns its path.
func builtChecker(t *testing.T, a *app) string {
	t.Helper()
	checker := filepath.Join(t.TempDir(), "checker")
	build := exec.Command("go", "build", "-o", checker, "./checker")
	build.Dir, build.Env = a.root, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return checker
}

// TestVMBootsOnce says that one VM does for all exercises.
func TestVMBootsOnce(t *testing.T) {
	a, c := kit(t)
	const name = "qemu-system-x86_64"
	qemu, err := exec.LookPath(name)
	require.NoError(t, err)
	dir := t.TempDir()
	boots := filepath.Join(dir, "boots")
	script := fmt.Sprintf("#!/bin/sh\necho boot >>'%s'\nexec '%s' \"$@\"\n", boots, qemu)
	writeProgram(t, filepath.Join(dir, name), []byte(script))

	cmd := exec.Command(builtChecker(t, a), "check", "all", "--vm", "1", "--format", "json", "--submission", filepath.Join(a.root, "solutions"))
	cmd.Dir, cmd.Env = a.root, append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err, "%s", out)
	var checks []grade.Check
	require.NoError(t, json.Unmarshal(out, &checks))
	require.Len(t, checks, len(c.Exercises))
	for _, check := range checks {
		assert.Equal(t, grade.Pass, check.Verdict, "%s: nothing is skipped there", check.Exercise)
	}
	started, err := os.ReadFile(boots)
	require.NoError(t, err)
	assert.Equal(t, "boot\n", string(started))
}

// TestVMEnds says that nothing of a VM is left when its checker is interrupted
// or killed, while it boots and later.
func TestVMEnds(t *testing.T) {
	a, _ := kit(t)
	checker := builtChecker(t, a)
	for _, sig := range []unix.Signal{unix.SIGINT, unix.SIGKILL} {
		for _, after := range []time.Duration{0, time.Second, 8 * time.Second} {
			t.Run(fmt.Sprint(unix.SignalName(sig), " after ", after), func(t *testing.T) {
				temp := t.TempDir()
				cmd := exec.Command(checker, "check", "03", "--vm", "1",
					"--submission", filepath.Join(a.root, "testdata/submissions/03-namespace-isolation/reject/time-limit"))
				cmd.Dir, cmd.Env = a.root, append(os.Environ(), "TMPDIR="+temp)
				require.NoError(t, cmd.Start())
				var guest int
				require.Eventually(t, func() bool {
					guest = guestOf(cmd.Process.Pid)
					return guest != 0
				}, time.Minute, 10*time.Millisecond, "QEMU was started")
				pidfd, err := unix.PidfdOpen(guest, 0)
				require.NoError(t, err)
				defer unix.Close(pidfd)
				time.Sleep(after)
				require.NoError(t, cmd.Process.Signal(sig))
				cmd.Wait()
				poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
				n, err := unix.Poll(poll, 10_000)
				require.NoError(t, err)
				assert.Equal(t, 1, n, "QEMU has ended")
				left, err := os.ReadDir(temp)
				require.NoError(t, err)
				assert.Empty(t, left)
			})
		}
	}
}

// guestOf returns the pid of the QEMU that a process started, or 0.
func guestOf(parent int) int {
	status, _ := filepath.Glob("/proc/[0-9]*/status")
	for _, name := range status {
		data, err := os.ReadFile(name)
		if err != nil || !strings.Contains(string(data), fmt.Sprintf("\nPPid:\t%d\n", parent)) {
			continue
		}
		var pid int
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
		if fmt.Sscanf(name, "/proc/%d/", &pid); strings.HasPrefix(string(line), "qemu-system-") {
			return pid
		}
	}
	return 0
}
