package sandbox

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// victim is a process of the machine under the very id that a sandbox's root
// has outside.
type victim struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startVictim(t *testing.T, h *Host) *victim {
	t.Helper()
	v := &victim{cmd: exec.Command("/bin/cat")}
	v.cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: uint32(h.ids.base), Gid: uint32(h.ids.base), NoSetGroups: true},
	}
	v.cmd.Dir = "/"
	var err error
	v.in, err = v.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := v.cmd.StdoutPipe()
	require.NoError(t, err)
	v.out = bufio.NewReader(out)
	require.NoError(t, v.cmd.Start())
	t.Cleanup(func() {
		v.in.Close()
		assert.NoError(t, v.cmd.Wait(), "the victim's end")
	})
	return v
}

// unharmed checks that the victim still does its work, at its old priority.
func (v *victim) unharmed(t *testing.T) {
	t.Helper()
	_, err := io.WriteString(v.in, "alive\n")
	require.NoError(t, err)
	line, err := v.out.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "alive\n", line)
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, v.cmd.Process.Pid)
	require.NoError(t, err)
	ours, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	require.NoError(t, err)
	assert.Equal(t, ours, nice)
}

func TestKillReachesNobodyOutside(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := startVictim(t, h)
	got := ran(t, h, attack(t, "kill"))
	assert.Equal(t, "ok", got.of(t, "kill(-1)"))
	assert.Equal(t, "signal: killed", got.of(t, "neighbour"), "kill(-1) did nothing even inside")
	for _, what := range got.with("ok") {
		assert.Contains(t, []string{"kill(-1)", "kill 1", "nice 0", "nice 1", "nice 2"}, what, "somebody else was there to be killed")
	}
	assert.Equal(t, "self", got.with("alive")[0])
	v.unharmed(t)
}

func TestInitHoldsNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := startVictim(t, h)
	for _, how := range [][]string{{"pid1"}, {"nested", "pid1"}} {
		got := ran(t, h, attack(t, how...))
		got.every(t, "read ", "EACCES", "EPERM", "ENOENT", "empty")
		got.every(t, "link ", "EACCES", "EPERM", "ENOENT")
		got.every(t, "ptrace ", "EPERM")
		got.every(t, "process_vm_readv", "EPERM")
		got.every(t, "process_vm_writev", "EPERM")
		got.every(t, "pidfd_getfd", "EPERM")
		got.every(t, "setns", "EPERM")
		got.every(t, "move_pages", "EPERM")
		assert.Equal(t, `""`, got.of(t, "cmdline"), "%v", how)
		got.every(t, "write ", "EACCES", "EPERM", "ENOENT")
	}
	v.unharmed(t)
}

func TestProgramsCannotBeOverwritten(t *testing.T) {
	t.Parallel()
	h := open(t)
	sum := func() string {
		var s string
		for _, path := range []string{"/proc/self/exe", "/usr/bin/env", "/bin/sh"} {
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			s += fmt.Sprintf("%s %x\n", path, sha256.Sum256(data))
		}
		return s
	}
	before := sum()
	for _, how := range [][]string{{"exe"}, {"nested", "exe"}} {
		got := ran(t, h, attack(t, how...))
		got.every(t, "write ", "EROFS", "ETXTBSY", "EACCES")
		got.every(t, "truncate ", "EROFS", "ETXTBSY", "EACCES")
		for _, what := range []string{"unlink", "rename", "chmod", "create"} {
			assert.Contains(t, []string{"EROFS", "EXDEV"}, got.of(t, what), what)
		}
	}
	assert.Equal(t, before, sum())
	assert.NoFileExists(t, "/usr/bin/evil")
}

func TestChrootIsLeftForTheSandboxAlone(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "chroot"))
	assert.Equal(t, "true", got.of(t, "still in the sandbox"))
	assert.Contains(t, got.with("root"), "submission")
	assert.NotContains(t, got.with("root"), "boot")
}

func TestHostnameIsTheSandboxsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	before, err := os.Hostname()
	require.NoError(t, err)
	got := ran(t, h, attack(t, "hostname"))
	assert.Equal(t, "ok", got.of(t, "sethostname"), "a learner's mistake must succeed, or nobody sees it")
	assert.Equal(t, "ok", got.of(t, "setdomainname"))
	assert.Equal(t, "pidone-escaped", got.of(t, "hostname"))
	assert.Contains(t, []string{"EACCES", "EPERM", "EROFS"}, got.of(t, "write hostname"))
	after, err := os.Hostname()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

func TestHiddenProcesses(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "hidden"))
	assert.Equal(t, "ok", got.of(t, "clone"))
	assert.Equal(t, "EPERM", got.of(t, "clone untraced"))
	assert.Equal(t, "ok", got.of(t, "clone3"))
	assert.Equal(t, "EPERM", got.of(t, "seccomp listener"))
	assert.Equal(t, "ok", got.of(t, "seccomp"), "filters of one's own are allowed")
}

func TestSleepingForEver(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range []string{"sleep", "spin", "linger", "daemon"} {
		cmd := attack(t, how)
		cmd.Limits.Time = 200 * time.Millisecond
		if how == "daemon" { // on a busy machine, too, it is to get that far
			cmd.Limits.Time = time.Second
		}
		mark := randomLetters(20)
		cmd.Env = []string{markEnv + "=" + mark}
		res := run(t, h, cmd)
		assert.True(t, res.TimedOut, how)
		assert.GreaterOrEqual(t, res.Duration, cmd.Limits.Time, how)
		assert.Less(t, res.Duration, 5*time.Second, how)
		assert.Empty(t, marked(mark), how)
		if how == "daemon" {
			assert.Zero(t, int(res.Status), "the first process ended well before the limit")
		} else {
			assert.Equal(t, unix.SIGKILL, res.Status.Signal(), how)
		}
	}
}

func TestStatusOfTheFirstProcess(t *testing.T) {
	t.Parallel()
	h := open(t)
	for want := range 3 {
		res := run(t, h, attack(t, append([]string{"status"}, make([]string, want)...)...))
		assert.True(t, res.Status.Exited())
		assert.Equal(t, want, res.Status.ExitStatus())
		assert.False(t, res.TimedOut || res.OutOfMemory || res.OutOfPIDs)
	}
}

func TestRebootEndsTheSandboxAlone(t *testing.T) {
	t.Parallel()
	h := open(t)
	res := run(t, h, attack(t, "reboot"))
	assert.Equal(t, "ok\tbefore\n", string(res.Stdout.Data))
	assert.True(t, res.Status.Signaled())
	assert.False(t, res.TimedOut)
}

func TestNoCoreDump(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "abort"))
	assert.True(t, strings.HasPrefix(got.of(t, "child"), "signal: quit"), "the child did not die of a signal that dumps core")
	assert.Equal(t, "false", got.of(t, "core dumped"))
	assert.Equal(t, "0", got.of(t, "files in the working directory"))
	// A pipe in core_pattern heeds no limit but 1, core(5), and no process gets
	// another, whatever it is told.
	got = ran(t, h, attack(t, "limits"))
	assert.Equal(t, "1", got.of(t, "hard core"))
	assert.Equal(t, "ok", got.of(t, "lower core"))
	assert.Equal(t, "1", got.of(t, "lowered core"))
}
