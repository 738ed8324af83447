package sandbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// These ids are no account's on the machine. ownerID is another, so that what it
// owns in one test is not what ordinaryID could write to in another.
const (
	ordinaryID = 61234
	ownerID    = 61235
)

// needRoot skips a test that only the machine's root can run.
func needRoot(t *testing.T) {
	t.Helper()
	ids, err := os.ReadFile("/proc/self/uid_map")
	require.NoError(t, err)
	if f := strings.Fields(string(ids)); os.Getuid() != 0 || len(f) != 3 || f[2] != "4294967295" {
		t.Skip("needs the machine's root")
	}
}

// again runs tests of this package once more in a process of its own, under a
// user and with what else attr says, and returns what it printed.
func again(t *testing.T, tests string, uid int, attr syscall.SysProcAttr, env ...string) string {
	t.Helper()
	program, err := helper()
	require.NoError(t, err)
	self, err := os.ReadFile("/proc/self/exe")
	require.NoError(t, err)
	dir, err := os.MkdirTemp("", "pidone-again-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	tmp := filepath.Join(dir, "tmp")
	require.NoError(t, os.Mkdir(tmp, 0o700))
	if len(attr.UidMappings) > 0 {
		require.NoError(t, os.Chmod(tmp, 0o777))
	}
	require.NoError(t, os.Chown(tmp, uid, uid))
	for name, data := range map[string][]byte{"test": self, "helper": program} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o755))
	}
	args := []string{"-test.timeout=5m", "-test.v", "-test.run=" + tests, "-test.short=" + strconv.FormatBool(testing.Short())}
	cmd := exec.Command(filepath.Join(dir, "test"), args...)
	cmd.Dir = tmp
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=" + tmp, "TMPDIR=" + tmp, helperEnv + "=" + filepath.Join(dir, "helper"), slowEnv + "=" + os.Getenv(slowEnv)}
	cmd.Env = append(cmd.Env, env...)
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}
	cmd.SysProcAttr = &attr
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", worries(string(out)))
	t.Logf("%s", out)
	return string(out)
}

// worries are the lines of go test -v without what tells that a test began or passed.
func worries(said string) string {
	lines := strings.SplitAfter(said, "\n")
	return strings.Join(slices.DeleteFunc(lines, func(line string) bool {
		began := strings.HasPrefix(line, "=== ") && !strings.HasPrefix(line, "=== NAME")
		return began || strings.Contains(line, "--- PASS: ")
	}), "")
}

const passed = "--- PASS: Test"

// essential are the tests that show whether a sandbox holds. All of them are run by an
// ordinary user's own make test.
const essential = "^Test(Nothing|Limits|Kill|Init|Programs|Mounts|ReadOnly|KernelSettings|AllThat|Cgroup|Services|Processes)"

func TestOrdinaryUser(t *testing.T) {
	needRoot(t)
	assert.Contains(t, again(t, essential, ordinaryID, syscall.SysProcAttr{}), passed)
}

// TestFoldersOfAnotherGroup: an ordinary user's build cache can have a group for which
// his sandboxes have no id.
func TestFoldersOfAnotherGroup(t *testing.T) {
	const dirEnv = "PIDONE_TEST_ANOTHER_GROUP"
	if dir := os.Getenv(dirEnv); dir != "" {
		cmd := attack(t, "write", "new", "/cache/00/added", "/cache/added")
		cmd.Binds = []Bind{{From: dir, To: "/cache", Overlay: true}}
		ran(t, open(t), cmd).every(t, "write ", "ok")
		assert.NoFileExists(t, filepath.Join(dir, "00/added"))
		return
	}
	needRoot(t)
	dir, err := os.MkdirTemp("", "pidone-cache-")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	first := filepath.Join(dir, "00")
	require.NoError(t, os.Mkdir(first, 0o755))
	for _, name := range []string{dir, first} {
		require.NoError(t, os.Chown(name, ordinaryID, ownerID))
	}
	assert.Contains(t, again(t, "^TestFoldersOfAnotherGroup$", ordinaryID, syscall.SysProcAttr{}, dirEnv+"="+dir), passed)
}

// TestOrdinaryUserWhoOwnsHisCgroup is the state of who works under a systemd
// of his own, as on a desktop.
func TestOrdinaryUserWhoOwnsHisCgroup(t *testing.T) {
	needRoot(t)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	dir := ""
	for _, h := range hierarchies(mounts) {
		if path := filepath.Join(h.mount, "pidone-test-"+randomLetters(8)); h.v2 && os.Mkdir(path, 0o755) == nil {
			dir = path
			break
		}
	}
	if dir == "" {
		t.Skip("needs cgroup v2, mounted for writing")
	}
	t.Cleanup(func() {
		eventually(t, "its cgroup is empty", func() bool { return unix.Rmdir(dir) == nil })
	})
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, f := range files {
		require.NoError(t, os.Chown(filepath.Join(dir, f.Name()), ownerID, ownerID))
	}
	require.NoError(t, os.Chown(dir, ownerID, ownerID))
	fd, err := unix.Open(dir, unix.O_PATH|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	tests := "^Test(Cgroup|KilledChecker|FailedRuns|Sleeping)"
	if testing.Short() {
		tests = "^TestCgroup"
	}
	assert.Contains(t, again(t, tests, ownerID, syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: fd}), passed)
	left, err := filepath.Glob(filepath.Join(dir, "*", "cgroup.procs"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestRootWithoutCapabilities is the state of root in a container: it must not
// be the sandbox's root, to which the machine's /proc/sys belongs.
func TestRootWithoutCapabilities(t *testing.T) {
	needRoot(t)
	drop := func(caps ...uintptr) string { return dropEnv + "=" + strings.Trim(fmt.Sprint(caps), "[]") }
	out := again(t, essential, 0, syscall.SysProcAttr{}, drop(unix.CAP_SYS_ADMIN))
	assert.Contains(t, out, passed)

	out = again(t, "^TestKernelSettings", 0, syscall.SysProcAttr{}, drop(unix.CAP_SYS_ADMIN, unix.CAP_SETUID))
	assert.NotContains(t, out, passed)
	assert.Contains(t, out, "--- SKIP: TestKernelSettings")
	assert.Contains(t, out, "forbidden by the lack of CAP_SETUID and CAP_SETGID")
}

// dropCapabilities starts the test binary anew without some capabilities, or
// with no more user namespaces to be had.
func dropCapabilities(caps string) error {
	runtime.LockOSThread() // capabilities are a thread's; execve(2) takes the calling one's
	for _, f := range strings.Fields(caps) {
		if f == "namespaces" {
			// That of the machine's root is not to be touched.
			if ids, err := os.ReadFile("/proc/self/uid_map"); err != nil || mayBeRoot(ids, 0) {
				return fmt.Errorf("not in a user namespace: %w", err)
			}
			if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
				return err
			}
			continue
		}
		c, err := strconv.Atoi(f)
		if err != nil {
			return err
		}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, uintptr(c), 0, 0, 0); err != nil {
			return err
		}
	}
	os.Unsetenv(dropEnv)
	return unix.Exec("/proc/self/exe", os.Args, os.Environ())
}
