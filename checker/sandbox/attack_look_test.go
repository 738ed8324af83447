package sandbox

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestNothingOfTheMachineCanBeRead(t *testing.T) {
	t.Parallel()
	h := open(t)
	canary := filepath.Join(t.TempDir(), "canary")
	require.NoError(t, os.WriteFile(canary, []byte("seen"), 0o666))
	kit, err := filepath.Abs("../..")
	require.NoError(t, err)
	missing := []string{canary, filepath.Dir(canary), kit, filepath.Join(kit, "go.mod"), "/etc/shadow", "/etc/ssh", "/var/log", "/var/lib", "/boot", "/dev/vda", "/dev/sda", "/dev/mem", "/dev/kmsg", "/old_root"}
	empty := []string{"/home", "/root", "/run", "/mnt", "/opt", "/sys", "/tmp", WorkDir, "/dev/shm"}
	got := ran(t, h, attack(t, append([]string{"look", "/usr/bin/env"}, append(missing, empty...)...)...))
	for _, path := range missing {
		assert.Contains(t, []string{"ENOENT", "0 names"}, got.of(t, "open "+path), path)
	}
	for _, path := range empty {
		assert.Equal(t, "0 names", got.of(t, "open "+path), path)
	}
	control := got.of(t, "open /usr/bin/env")
	assert.True(t, strings.HasSuffix(control, " bytes") && control != "0 bytes", control)
}

func TestEnvironmentIsClean(t *testing.T) {
	t.Setenv("PIDONE_TEST_SECRET", "hunter2hunter2")
	h := open(t)
	cmd := attack(t, "env")
	cmd.Env = []string{"A=b", "PATH=/usr/bin"}
	assert.ElementsMatch(t, cmd.Env, ran(t, h, cmd).with("env"))

	got := ran(t, h, attack(t, "secret", "hunter2hunter2"))
	assert.Empty(t, got.with("found"))
	assert.Equal(t, "true", got.of(t, "looked"))
	// What the checker was started with is in its arguments too.
	got = ran(t, h, attack(t, "secret", filepath.Base(os.Args[0])))
	assert.Empty(t, got.with("found"))
}

func TestStandardStreamsAndSession(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "stdin"))
	assert.Equal(t, "0 bytes", got.of(t, "read stdin"))
	assert.Equal(t, "ok", got.of(t, "read stdin without error"))
	got.every(t, "pipe ", "true")
	got.every(t, "terminal ", "ENOTTY")
	assert.Equal(t, "ENXIO", got.of(t, "open /dev/tty"))
	assert.Equal(t, "true", got.of(t, "leads its session"))
	assert.Equal(t, "true", got.of(t, "is not pid 1"))

	cmd := attack(t, "copy")
	cmd.Stdin = strings.NewReader("typed")
	assert.Equal(t, "typed", ran(t, h, cmd).of(t, "stdin"))
}

func TestNoDescriptorOrFolderIsLeaked(t *testing.T) {
	t.Parallel()
	// One that a careless caller has open without O_CLOEXEC.
	fd, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	high, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD, 700)
	require.NoError(t, err)
	defer unix.Close(high)

	h := open(t)
	got := ran(t, h, attack(t, "leaks"))
	for _, x := range got {
		switch n, ok := strings.CutPrefix(x.what, "descriptor "); {
		case !ok:
		case n == "0" || n == "1" || n == "2":
			assert.Equal(t, "pipe", x.result, x.what)
		default: // the helper's own: the runtime's, and the folder that it lists
			assert.Regexp(t, `^(anon_inode|/proc/\d+/fd)$`, x.result, x.what)
		}
	}
	assert.Equal(t, WorkDir, got.of(t, "working directory"))
	got.every(t, "ends at the root", "true")
	got.every(t, "open /proc/1/", "EACCES")
}

func TestLimitsAndIdentity(t *testing.T) {
	signal.Ignore(unix.SIGHUP, unix.SIGUSR1, unix.SIGTSTP) // as under nohup(1)
	defer signal.Reset(unix.SIGHUP, unix.SIGUSR1, unix.SIGTSTP)
	h := open(t)
	got := ran(t, h, attack(t, "limits"))
	d := DefaultLimits()
	assert.Equal(t, fmt.Sprint(d.Disk), got.of(t, "hard fsize"))
	assert.Equal(t, "4096", got.of(t, "hard nofile"))
	if h.NoGroups() != nil {
		assert.Equal(t, fmt.Sprint(d.Processes), got.of(t, "hard nproc"))
		assert.Equal(t, fmt.Sprint(d.Memory), got.of(t, "hard data"))
		assert.Equal(t, "1000", got.of(t, "oom_score_adj"))
	}
	got.every(t, "raise ", "EPERM")
	assert.Equal(t, "2", got.of(t, "Seccomp"))
	assert.Equal(t, "0 0 0 0", got.of(t, "Uid"))
	// Every capability but CAP_SYS_RESOURCE, which lifts limits.
	for _, set := range []string{"CapEff", "CapBnd"} {
		caps, err := strconv.ParseUint(got.of(t, set), 16, 64)
		require.NoError(t, err)
		assert.NotZero(t, caps&(1<<unix.CAP_SYS_ADMIN), set)
		assert.Zero(t, caps&(1<<unix.CAP_SYS_RESOURCE), set)
	}
	for _, set := range []string{"SigIgn", "SigBlk"} {
		assert.Equal(t, "0000000000000000", got.of(t, set), set)
	}
	for _, ns := range []string{"user", "pid", "mnt", "uts", "ipc", "net", "cgroup"} {
		ours, err := os.Readlink("/proc/self/ns/" + ns)
		require.NoError(t, err)
		theirs := got.of(t, "ns "+ns)
		assert.True(t, strings.HasPrefix(theirs, ns+":["), theirs)
		assert.NotEqual(t, ours, theirs, ns)
	}
	assert.Regexp(t, "^[a-z]{10}$", got.of(t, "hostname"))
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	h := open(t)
	master, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("needs /dev/ptmx: ", err)
	}
	ours := os.NewFile(uintptr(master), "master")
	defer ours.Close()
	require.NoError(t, unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(master, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := unix.Open(fmt.Sprint("/dev/pts/", n), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(slave)
	quiet, err := unix.IoctlGetTermios(slave, unix.TCGETS)
	require.NoError(t, err)
	quiet.Lflag &^= unix.ECHO // which could come at any moment
	require.NoError(t, unix.IoctlSetTermios(slave, unix.TCSETS, quiet))
	_, err = ours.WriteString("by hand\n")
	require.NoError(t, err)

	cmd := attack(t, "terminal")
	cmd.Terminal = Terminal(slave)
	res := run(t, h, cmd)
	assert.Zero(t, int(res.Status))
	assert.Empty(t, res.Stdout.Data)
	require.NoError(t, ours.SetReadDeadline(time.Now().Add(10*time.Second)))
	text := ""
	for !strings.Contains(text, "\ttyped\n") {
		buf := make([]byte, 4096)
		k, err := ours.Read(buf)
		require.NoError(t, err, "%q", text)
		text += strings.ReplaceAll(string(buf[:k]), "\r", "")
	}
	got := read(t, &Result{Stdout: Stream{Data: []byte(text)}})
	got.every(t, "terminal ", "ok")
	assert.Equal(t, "ok", got.of(t, "open /dev/tty"))
	assert.Equal(t, "true", got.of(t, "in the foreground"))
	assert.Equal(t, "EPERM", got.of(t, "TIOCSTI"))
	assert.Equal(t, "by hand", got.of(t, "typed"))
}
