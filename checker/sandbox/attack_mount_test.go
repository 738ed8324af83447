package sandbox

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// withBinds adds a folder of the machine with a file in it, and one that is hidden.
func withBinds(t *testing.T, cmd Command) (Command, string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"secret", "shown/hidden"} {
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o777))
		require.NoError(t, os.Chmod(filepath.Join(dir, name), 0o777))
		file := filepath.Join(dir, name, "file")
		require.NoError(t, os.WriteFile(file, []byte("of the machine"), 0o666))
		require.NoError(t, os.Chmod(file, 0o666))
	}
	cmd.Binds = append(cmd.Binds, Bind{From: filepath.Join(dir, "secret"), To: "/secret"}, Bind{From: filepath.Join(dir, "shown"), To: "/shown"})
	cmd.Hide = append(cmd.Hide, "/shown/hidden", "/not/there")
	return cmd, dir
}

func unchanged(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"secret", "shown/hidden"} {
		entries, err := os.ReadDir(filepath.Join(dir, name))
		require.NoError(t, err)
		assert.Len(t, entries, 1)
		data, err := os.ReadFile(filepath.Join(dir, name, "file"))
		require.NoError(t, err)
		assert.Equal(t, "of the machine", string(data))
	}
}

func TestMountsStayInTheSandbox(t *testing.T) {
	t.Parallel()
	h := open(t)
	before, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	for _, how := range [][]string{{"cover"}, {"nested", "cover"}} {
		got := ran(t, h, attack(t, how...))
		got.every(t, "mount on ", "ok")
		got.every(t, "bind", "ok")
	}
	after, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
	assert.NotContains(t, string(after), "pidone-test")
}

func TestMountsOfTheSandboxAreLocked(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"uncover"}, {"nested", "uncover"}} {
		cmd, dir := withBinds(t, attack(t, how...))
		got := ran(t, h, cmd)
		for _, what := range got.with("ok") {
			// What the sandbox's init mounted itself holds nothing of the machine.
			assert.Regexp(t, `^(umount \d (/proc|/dev/pts)|pivot_root)$`, what, "%v", how)
		}
		got.every(t, "umount 2 /usr", "EINVAL")
		got.every(t, "umount 2 /secret", "EINVAL")
		got.every(t, "umount 2 /shown/hidden", "EINVAL")
		assert.NotContains(t, got.with("root"), "boot", "%v: the machine's root lies bare", how)
		unchanged(t, dir)
	}
}

func TestReadOnlyStaysReadOnly(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"remount"}, {"nested", "remount"}} {
		cmd, dir := withBinds(t, attack(t, how...))
		got := ran(t, h, cmd)
		for _, prefix := range []string{"remount bind /", "remount /", "setattr ", "remount copy"} {
			got.every(t, prefix, "EPERM")
		}
		assert.Equal(t, "EROFS", got.of(t, "create in copy"))
		got.every(t, "mknod", "EPERM")
		assert.Equal(t, "ok", got.of(t, "overlay"), "an exercise needs it")
		assert.Contains(t, []string{"ok", "EACCES"}, got.of(t, "overlay write"))
		assert.NoFileExists(t, "/usr/bin/pidone-evil")
		unchanged(t, dir)
	}
	for _, how := range [][]string{{"newapi"}, {"nested", "newapi"}} {
		got := ran(t, h, attack(t, how...))
		got.every(t, "writable ", "EPERM")
		for _, what := range got.with("ok") {
			assert.Regexp(t, "^(open_tree|fsopen) ", what)
		}
	}
}

func TestBindsAreReadOnlyAndHiddenFoldersEmpty(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd, dir := withBinds(t, attack(t, "look", "/secret/file", "/shown", "/shown/hidden", "/shown/hidden/file"))
	got := ran(t, h, cmd)
	assert.Equal(t, "14 bytes", got.of(t, "open /secret/file"))
	assert.Equal(t, "1 names", got.of(t, "open /shown"))
	assert.Equal(t, "0 names", got.of(t, "open /shown/hidden"))
	assert.Equal(t, "ENOENT", got.of(t, "open /shown/hidden/file"))
	cmd.Args = []string{"main", "write", "evil", "/secret/file", "/secret/new", "/shown/hidden/new"}
	ran(t, h, cmd).every(t, "write ", "EROFS")
	unchanged(t, dir)
}

func TestKernelSettingsCannotBeWritten(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"settings"}, {"nested", "settings"}} {
		got := ran(t, h, attack(t, how...))
		got.every(t, "write ", "EACCES", "EPERM", "ENOENT", "EROFS")
		got.every(t, "read ", "EACCES", "EPERM", "ENOENT")
		if how[0] != "nested" {
			got.every(t, "raise ", "EACCES", "EPERM", "ENOENT")
			assert.Equal(t, "ok", got.of(t, "mount proc"), "an exercise needs it")
		}
	}
}

// TestAllThatCanBeWritten looks at every file of /proc and of the root.
func TestAllThatCanBeWritten(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "writers"))
	assert.Equal(t, "true", got.of(t, "tried many"))
	folders := got.with("folder")
	assert.Subset(t, []string{"/tmp", "/work", "/dev/shm", "/dev/pts"}, folders)
	assert.Contains(t, folders, "/tmp")
	for _, path := range got.with("file") {
		ok := false
		// These belong to namespaces, all of which are the sandbox's own, or
		// are for everybody.
		for _, prefix := range []string{
			"/dev/full", "/dev/null", "/dev/zero", "/dev/random", "/dev/urandom", "/proc/pressure/",
			"/proc/sys/net/", "/proc/sys/kernel/sem", "/proc/sys/kernel/shm", "/proc/sys/kernel/msg", "/proc/sys/kernel/ns_last_pid", "/proc/sys/kernel/pid_max", "/proc/sys/fs/mqueue/", "/proc/sys/kernel/auto_msgmni",
		} {
			ok = ok || strings.HasPrefix(path, prefix)
		}
		assert.True(t, ok, "%s can be written to", path)
	}
}

func TestCgroupsOfTheMachineCannotBeWritten(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"cgroups"}, {"nested", "cgroups"}} {
		got := ran(t, h, attack(t, how...))
		for _, path := range got.with("writable") {
			// Its own group's files belong to the ordinary user who made it.
			assert.True(t, h.ids.base == 0 && filepath.Dir(path) == "/tmp/cgroup/cgroup2", "%v: %s can be written to", how, path)
		}
		assert.Empty(t, got.with("made"), "%v", how)
		assert.NotEqual(t, "ok", got.of(t, "mount cgroup none,name=pidone-evil"))
	}
}

func TestCgroupKillReachesNobodyOutside(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := startVictim(t, h) // in the checker's group
	cmd := attack(t, "killall")
	res := run(t, h, cmd)
	if res.Status == 0 {
		got := read(t, res)
		if got.of(t, "mount") == "ok" {
			got.every(t, "write ", "EACCES", "EPERM", "ENOENT")
			got.every(t, "make ", "EACCES", "EPERM", "EROFS", "ENOENT")
		}
	} else {
		assert.Equal(t, unix.SIGKILL, res.Status.Signal(), "it was to end itself alone")
		got := read(t, res)
		got.every(t, "make ", "EAGAIN", "ENOENT")
	}
	v.unharmed(t)
	assert.Equal(t, "hello", ran(t, h, attack(t, "hello")).of(t, "world"))
	if h.groups != nil {
		assert.Empty(t, dirsOf(h))
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	h := open(t)
	got := ran(t, h, attack(t, "devices"))
	assert.Subset(t, []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty", "/dev/pts/ptmx"}, got.with("device"))
	for _, x := range got {
		if strings.HasPrefix(x.what, "chmod") || strings.HasPrefix(x.what, "chown") || strings.HasPrefix(x.what, "unlink") {
			assert.True(t, x.result == "EPERM" || x.result == "EROFS" || x.result == "EBUSY" || strings.HasSuffix(x.what, "/dev/pts/ptmx"), "%s: %s", x.what, x.result)
		}
	}
	assert.Equal(t, "ok", got.of(t, "write null"))
	assert.Equal(t, "ok", got.of(t, "read random"))
}
