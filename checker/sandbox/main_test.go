package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// What of "Host" in the list of attacks cannot be tried on the machines that
// this was written on, and so is not tested here:
//
//   - a core_pattern that pipes into a program: setting one would touch the
//     machine (tested: RLIMIT_CORE, which such a pipe looks at, and its filter rule)
//   - AF_ALG, bluetooth and other families, kexec, modules: not in the kernel, so
//     that the refusal seen is no proof (the filter's own tests are)
//   - x32: not in the kernel either (seen: the filter's SIGSYS, not ENOSYS)
//   - int 0x80 on arm64: another machine
//   - cgroup v2 with controllers: the controllers are on v1 here (groupDirs is
//     tested with files; joining by CLONE_INTO_CGROUP, and groups in the sandbox,
//     in the VM: make vm-kernel)
//   - AppArmor's and Yama's restrictions, unprivileged_userns_clone=0, a masked
//     /proc: not on this machine
//   - a machine whose root is an initramfs, or whose /usr is several mounts
//   - out of memory where cgroups cannot be used, by memory that belongs to no
//     process (memfd, own tmpfs): nothing bounds it there, and trying it would
//     take the machine's memory
//   - flock(2) of the machine's files in /usr or a bind, which a descriptor that
//     can only read is enough for: nothing refuses it
//   - races for the targets of mounts (CVE-2025-31133 and others): the root is
//     finished before the first process of the submission exists

// Environment of test binaries run again.
const (
	checkerEnv = "PIDONE_TEST_CHECKER" // be a checker that will be killed: see lifetime_test.go
	helperEnv  = "PIDONE_TEST_HELPER"  // where the helper program lies, built before
	dropEnv    = "PIDONE_TEST_DROP"    // capabilities to be without
	slowEnv    = "PIDONE_TEST_SLOW"    // kill a checker at 200 moments
	forbidEnv  = "PIDONE_TEST_FORBID"  // forbid programs in memory
	attackEnv  = "PIDONE_TEST_ATTACK"  // what runs in the sandboxes of a checker that will be killed
	markEnv    = "PIDONE_TEST_MARK"    // in the environment of what must not stay
)

func TestMain(m *testing.M) {
	if caps := os.Getenv(dropEnv); caps != "" {
		fmt.Println("drop capabilities:", dropCapabilities(caps))
		os.Exit(1)
	}
	code, entered, err := Enter()
	if entered {
		os.Exit(code)
	}
	var refused *RefusedError
	if err != nil && !errors.As(err, &refused) {
		fmt.Println("enter:", err)
		os.Exit(1)
	}
	if os.Getenv(checkerEnv) != "" {
		os.Exit(beChecker())
	}
	before := lookAtMachine()
	code = m.Run()
	if after := lookAtMachine(); before != after {
		fmt.Printf("FAIL: the machine was touched; before:\n%s\nafter:\n%s\n", before, after)
		code = 1
	}
	os.Exit(code)
}

// lookAtMachine describes what no test may change.
func lookAtMachine() string {
	var s strings.Builder
	var u unix.Utsname
	unix.Uname(&u)
	s.Write(u.Nodename[:])
	s.Write(u.Domainname[:])
	for _, file := range []string{
		"/proc/self/mountinfo", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/sysrq", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/kernel/randomize_va_space", "/proc/sys/kernel/pid_max", "/etc/hostname", "/etc/passwd",
	} {
		data, err := os.ReadFile(file)
		fmt.Fprintf(&s, "\n%s %v:\n%s", file, err, data)
	}
	for _, dir := range cgroupsOf(os.Getpid()) {
		fmt.Fprintf(&s, "cgroup %s\n", dir)
	}
	var st unix.Stat_t
	for _, file := range []string{"/dev/null", "/dev/zero", "/dev/tty", "/usr", "/usr/bin", "/usr/bin/env"} {
		err := unix.Stat(file, &st)
		fmt.Fprintln(&s, file, err, st.Ino, st.Mode, st.Uid, st.Gid, st.Rdev)
	}
	return s.String()
}

// cgroupsOf lists the groups that a checker has made.
func cgroupsOf(pid int) (dirs []string) {
	mounts, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(string(mounts), "\n") {
		f := strings.Fields(line)
		if len(f) < 5 || !strings.Contains(line, " - cgroup") {
			continue
		}
		for _, depth := range []string{"", "*/", "*/*/", "*/*/*/", "*/*/*/*/"} {
			found, _ := filepath.Glob(filepath.Join(f[4], depth+fmt.Sprint(groupPrefix, pid, "-*")))
			dirs = append(dirs, found...)
		}
	}
	return dirs
}

// open opens a Host for a test, or skips the test where this machine refuses.
func open(t *testing.T) *Host {
	t.Helper()
	if !capable() {
		_, _, err := Enter()
		var refused *RefusedError
		require.ErrorAs(t, err, &refused)
		t.Skip("needs user namespaces: ", refused)
	}
	h, err := Open()
	require.NoError(t, err)
	return h
}

// grouped skips a test of limits that only cgroups can keep.
func grouped(t *testing.T, h *Host) {
	t.Helper()
	if h.NoGroups() != nil {
		t.Skip("needs cgroups with memory and pids: ", h.NoGroups())
	}
}

// helper is the program that attacks, built once.
var helper = sync.OnceValues(func() ([]byte, error) {
	if path := os.Getenv(helperEnv); path != "" {
		return os.ReadFile(path)
	}
	dir, err := os.MkdirTemp("", "pidone-helper-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "helper")
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", path, "./testdata/helper")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build helper: %w: %s", err, out)
	}
	return os.ReadFile(path)
})

// attack is a Command that runs one of the helper's attacks.
func attack(t *testing.T, args ...string) Command {
	t.Helper()
	program, err := helper()
	require.NoError(t, err)
	const path = "/submission/main"
	return Command{
		Path:  path,
		Args:  append([]string{path}, args...),
		Env:   []string{"PATH=/usr/bin:/bin"},
		Files: []File{{Path: path, Data: program, Mode: 0o755}},
	}
}

// run runs a Command that must not fail on our side.
func run(t *testing.T, h *Host, cmd Command) *Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	res, err := h.Run(ctx, cmd)
	require.NoError(t, err)
	return res
}

// tries are the lines that an attack printed.
type tries []try

type try struct{ what, result string }

// ran runs an attack to its end and returns what it printed. The attack must
// have ended on its own, and must have found itself in a sandbox.
func ran(t *testing.T, h *Host, cmd Command) tries {
	t.Helper()
	res := run(t, h, cmd)
	require.Zero(t, int(res.Status), "stdout: %s\nstderr: %s", res.Stdout.Data, res.Stderr.Data)
	return read(t, res)
}

func read(t *testing.T, res *Result) (all tries) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSuffix(string(res.Stdout.Data), "\n"), "\n") {
		result, what, ok := strings.Cut(line, "\t")
		require.True(t, ok, "line %q of\n%s\nstderr: %s", line, res.Stdout.Data, res.Stderr.Data)
		all = append(all, try{what, result})
	}
	return all
}

// of returns the results of the tries called what; there must be one.
func (all tries) of(t *testing.T, what string) string {
	t.Helper()
	for _, x := range all {
		if x.what == what {
			return x.result
		}
	}
	require.Failf(t, "not tried", "%s: %v", what, all)
	return ""
}

// with returns what was tried with that result.
func (all tries) with(result string) (what []string) {
	for _, x := range all {
		if x.result == result {
			what = append(what, x.what)
		}
	}
	return what
}

// every checks that all tries whose names begin with prefix ended as one of want.
func (all tries) every(t *testing.T, prefix string, want ...string) {
	t.Helper()
	n := 0
	for _, x := range all {
		if strings.HasPrefix(x.what, prefix) {
			n++
			require.Contains(t, want, x.result, x.what)
		}
	}
	require.NotZero(t, n, "nothing was tried of %q: %v", prefix, all)
}
