package command

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// checkerProgram builds the checker once for the tests that run it as a program.
var checkerProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(os.Getenv(tempVariable), "checker")
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./checker")
	cmd.Dir, cmd.Env = os.Getenv(rootVariable), append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build checker: %w: %s", err, out)
	}
	return path, nil
})

// runChecker runs the checker in dir and returns what it wrote and its status.
func runChecker(t *testing.T, dir string, env []string, args ...string) (out, diagnostics string, code int) {
	t.Helper()
	program, err := checkerProgram()
	require.NoError(t, err)
	cmd := exec.Command(program, args...)
	return finish(t, cmd, dir, env)
}

func finish(t *testing.T, cmd *exec.Cmd, dir string, env []string) (out, diagnostics string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	return stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()
}

// inMounts runs a shell script in a mount namespace of its own, with the
// checker as $0 and the kit as $1.
func inMounts(t *testing.T, script string) (out, diagnostics string, code int) {
	t.Helper()
	program, err := checkerProgram()
	require.NoError(t, err)
	root := os.Getenv(rootVariable)
	cmd := exec.Command("/bin/sh", "-ec", "mount --make-rprivate /\n"+script, program, root)
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
	return finish(t, cmd, root, nil)
}

func TestWrongUsage(t *testing.T) {
	root := os.Getenv(rootVariable)
	for _, c := range []struct {
		name string
		args []string
		says []string
	}{
		{"unknown exercise", []string{"check", "99"}, []string{"99", "02", "03"}},
		{"unknown step", []string{"check", "03.9"}, []string{"03.9"}},
		{"no exercise", []string{"run", ""}, []string{"STEP=03"}},
		{"no exercise, but a submission", []string{"check", "", "--submission", "/nowhere"}, []string{"STEP=03"}},
		{"arguments that are none", []string{"check", "04", "--", "box"}, []string{"run box /opt/payload"}},
		{"missing folder", []string{"check", "03", "--submission", "/nowhere"}, []string{"/nowhere"}},
		{"not a folder", []string{"check", "03", "--submission", "/etc/passwd"}, []string{"/etc/passwd"}},
		{"unknown format", []string{"check", "03", "--format", "xml"}, []string{"xml", "json"}},
		{"an image that is not there", []string{"check", "04", "--", "run", "nosuch", "/bin/sh"}, []string{"nosuch", "box", "make rootfs IMAGE=nosuch"}},
		{"unknown flag", []string{"check", "03", "--colour"}, []string{"colour", "checker check --help"}},
		{"a class without a folder", []string{"grade", "--step", "03", "--", ""}, []string{"make grade SUBMISSIONS=DIR"}},
		{"unknown command", []string{"chekc"}, []string{"chekc", "check"}},
		{"hint without a step", []string{"hint", "03"}, []string{"03.1"}},
		{"nothing", nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, diagnostics, code := runChecker(t, root, []string{argsVariable + "="}, c.args...)
			assert.Equal(t, broken, code)
			for _, s := range c.says {
				assert.Contains(t, diagnostics, s)
			}
		})
	}
	t.Run("outside of a kit", func(t *testing.T) {
		_, diagnostics, code := runChecker(t, "/", nil, "check", "03")
		assert.Equal(t, broken, code)
		assert.Contains(t, diagnostics, "clone of the kit")
	})
	t.Run("open quotes in ARGS", func(t *testing.T) {
		_, diagnostics, code := runChecker(t, root, []string{argsVariable + `=run "x`}, "check", "03")
		assert.Equal(t, broken, code)
		assert.Contains(t, diagnostics, `run \"x`)
	})
}

// Who has removed an exercise's file is told how to get it back.
func TestOwnExerciseGone(t *testing.T) {
	_, diagnostics, code := inMounts(t, `mount -t tmpfs none "$1/exercises/03-namespace-isolation"; exec "$0" check 03`)
	assert.Equal(t, broken, code)
	assert.Contains(t, diagnostics, "exercises/03-namespace-isolation")
	assert.Contains(t, diagnostics, "make reset STEP=03")
}

const solution03 = "solutions/03-namespace-isolation"

func TestNoProc(t *testing.T) {
	_, diagnostics, code := inMounts(t, `mount -t tmpfs none /proc; exec "$0" check 03 --submission "$1/`+solution03+`"`)
	assert.Equal(t, broken, code)
	assert.Contains(t, diagnostics, "/proc")
}

func TestReadOnlyClone(t *testing.T) {
	out, diagnostics, code := inMounts(t, `mount --bind "$1" "$1"; mount -o remount,bind,ro "$1"; cd "$1"
		"$0" check 03 --submission `+solution03+` && "$0" hint 03.2`)
	assert.Equal(t, passed, code, "%s%s", out, diagnostics)
	assert.Contains(t, out, "100/100")
	assert.Contains(t, out, "hint 1")
	assert.Contains(t, diagnostics, "write state") // said, and nothing else lost
}

// sudo, for one, leaves no core dumps; others allow few files.
func TestLimitsOfTheCallerAreLower(t *testing.T) {
	t.Parallel()
	program, err := checkerProgram()
	require.NoError(t, err)
	pattern, err := os.ReadFile("/proc/sys/kernel/core_pattern")
	require.NoError(t, err)
	below := func(limits string) (out, diagnostics string, code int) {
		cmd := exec.Command("/bin/sh", "-c", limits+` && exec "$@"`, "sh", program, "check", "03", "--submission", solution03)
		return finish(t, cmd, os.Getenv(rootVariable), nil)
	}
	// With so little a right program would fail: that is for nobody's score.
	for limits, name := range map[string]string{"ulimit -d 100000": "RLIMIT_DATA", "ulimit -v 4000000": "RLIMIT_AS", "ulimit -f 20000": "RLIMIT_FSIZE"} {
		_, diagnostics, code := below(limits)
		assert.Equal(t, broken, code, limits)
		assert.Contains(t, diagnostics, "set "+name)
	}
	out, diagnostics, code := below("ulimit -c 0 && ulimit -n 512")
	if os.Getuid() != 0 && pattern[0] == '|' {
		assert.Equal(t, broken, code)
		assert.Contains(t, diagnostics, "the hard limit of core dumps is 0")
		return
	}
	assert.Equal(t, passed, code, "%s%s", out, diagnostics)
	assert.Contains(t, out, "100/100")
}

func TestDiskFull(t *testing.T) {
	out, diagnostics, code := inMounts(t, `
		mount -t tmpfs -o size=2m full /mnt
		cp -r "$1/docs" "$1/go.mod" "$1/solutions" /mnt; mkdir /mnt/testdata /mnt/exercises; cp -r "$1/testdata/scenarios" /mnt/testdata
		cp -r "$1/`+solution03+`" /mnt/exercises/
		mkdir /mnt/tmp; export TMPDIR=/mnt/tmp; cat /dev/zero >/mnt/fill 2>/dev/null || true
		cd /mnt; exec "$0" check 03`)
	assert.Equal(t, passed, code, "%s%s", out, diagnostics)
	assert.Contains(t, out, "100/100")
	assert.Contains(t, diagnostics, "no space left")
}

// traces returns what a checker could have left on the machine: mounts, its
// cgroups, temporary files.
func traces(t *testing.T, tmp string, pid int) []string {
	t.Helper()
	var left []string
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	left = append(left, fmt.Sprintf("%d mounts", bytes.Count(mounts, []byte("\n"))))
	for _, above := range []string{"", "*/", "*/*/", "*/*/*/"} {
		groups, _ := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/%spidone-%d-*", above, pid))
		left = append(left, groups...)
	}
	files, err := filepath.Glob(filepath.Join(tmp, "*"))
	require.NoError(t, err)
	return append(left, files...)
}

// descendants returns the processes that carry the marker: the checker in its
// environment, the submission in its arguments.
func descendants(marker string) (pids []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		env, _ := os.ReadFile(filepath.Join(d, "environ"))
		args, _ := os.ReadFile(filepath.Join(d, "cmdline"))
		if bytes.Contains(append(env, args...), []byte(marker)) {
			pids = append(pids, filepath.Base(d))
		}
	}
	return pids
}

func TestKilled(t *testing.T) {
	program, err := checkerProgram()
	require.NoError(t, err)
	root := os.Getenv(rootVariable)
	hang := filepath.Join(root, "testdata/submissions/03-namespace-isolation/reject/time-limit")
	for _, sig := range []unix.Signal{unix.SIGKILL, unix.SIGINT, unix.SIGTERM} {
		for range 6 {
			after := time.Duration(rand.IntN(500)) * time.Millisecond
			t.Run(fmt.Sprint(unix.SignalName(sig), " after ", after), func(t *testing.T) {
				tmp := t.TempDir()
				marker := fmt.Sprintf("PIDONE_TEST_MARKER=%d-%d", os.Getpid(), rand.Int64())
				before := strings.Join(traces(t, tmp, 0), "\n")
				cmd := exec.Command(program, "check", "03", "--submission", hang, "--", marker)
				cmd.Dir, cmd.Env = root, append(os.Environ(), marker, "TMPDIR="+tmp)
				require.NoError(t, cmd.Start())
				time.Sleep(after)
				require.NoError(t, cmd.Process.Signal(sig))
				cmd.Wait()
				assert.Eventually(t, func() bool {
					return len(descendants(marker)) == 0 && strings.Join(traces(t, tmp, cmd.Process.Pid), "\n") == before
				}, 10*time.Second, 20*time.Millisecond, "left: %v %v", descendants(marker), traces(t, tmp, cmd.Process.Pid))
			})
		}
	}
}
