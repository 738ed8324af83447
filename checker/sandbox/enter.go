package sandbox

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// RefusedError says that this machine does not let the caller make sandboxes.
type RefusedError struct {
	Err     error  // what the kernel answered
	Setting string // what forbids it: "kernel.apparmor_restrict_unprivileged_userns = 1"
	Remedy  string // the command to type, or the advice to follow
}

func (e *RefusedError) Error() string {
	s := "make user namespace: " + e.Err.Error()
	if e.Setting != "" {
		s += ": forbidden by " + e.Setting
	}
	return s
}

func (e *RefusedError) Unwrap() error { return e.Err }

// Enter gives an ordinary user what Open needs: where the caller lacks the
// capabilities it runs the calling program again, with the same arguments, as
// root of a user namespace of its own, and waits for it. entered is true then,
// and code is the exit status to end with. That root can do on the machine what
// the caller can: the caller's own id is mapped to it. An ordinary user has no
// other id to map; root without capabilities, as in a container, has, and needs
// them, as its own is not for a sandbox.
//
// The error is a *RefusedError where the machine does not allow it.
func Enter() (code int, entered bool, err error) {
	if capable() {
		return 0, false, nil
	}
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		return 0, false, fmt.Errorf("enter user namespace: %w: is /proc mounted?", err)
	}
	// The parent-death signal comes when the thread ends, not the process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Args[0] = os.Args[0]
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
		Pdeathsig:   unix.SIGKILL,
	}
	ids, err := spareIDs()
	if err != nil {
		return 0, false, fmt.Errorf("enter user namespace: %w", err)
	}
	if ids.base != 0 {
		spare := syscall.SysProcIDMap{ContainerID: ids.base, HostID: ids.base, Size: ids.count}
		cmd.SysProcAttr.UidMappings = append(cmd.SysProcAttr.UidMappings, spare)
		cmd.SysProcAttr.GidMappings = append(cmd.SysProcAttr.GidMappings, spare)
		cmd.SysProcAttr.GidMappingsEnableSetgroups = true
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGQUIT)
	defer signal.Stop(signals)
	if err := cmd.Start(); err != nil {
		return 0, false, explainRefusal(err)
	}
	done := make(chan struct{})
	defer close(done)
	go func() {
		for {
			select {
			case s := <-signals:
				// A terminal's signal reached it already; a second one does no harm.
				cmd.Process.Signal(s)
			case <-done:
				return
			}
		}
	}()
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, false, fmt.Errorf("enter user namespace: %w", err)
	}
	if ws, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
		return 128 + int(ws.Signal()), true, nil
	}
	return cmd.ProcessState.ExitCode(), true, nil
}

// spareIDs returns ids besides the caller's own that the caller may map into a
// user namespace; base is 0 if there are none. It is an error if the caller's
// own, which the sandbox has to take then, may be root's.
func spareIDs() (idRange, error) {
	uidMap, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return idRange{}, err
	}
	gidMap, err := os.ReadFile("/proc/self/gid_map")
	if err != nil {
		return idRange{}, err
	}
	var ids idRange
	if os.Geteuid() == 0 && os.Getegid() == 0 && has(unix.CAP_SETUID, unix.CAP_SETGID) {
		ids = pickRange(uidMap, gidMap)
	}
	if ids.base == 0 && mayBeRoot(uidMap, os.Geteuid()) {
		return idRange{}, errOnlyRoot()
	}
	return ids, nil
}

// errOnlyRoot says that a sandbox's root would have to be the machine's.
func errOnlyRoot() *RefusedError {
	return &RefusedError{
		Err:     unix.EPERM,
		Setting: "the lack of CAP_SETUID and CAP_SETGID, or of ids besides root's",
		Remedy:  "run the same command as an ordinary user",
	}
}

// userNamespaceSettings are the sysctls that forbid user namespaces, with the
// value that does so.
var userNamespaceSettings = [...]struct{ name, forbids, allow string }{
	{"kernel.unprivileged_userns_clone", "0", "sudo sysctl -w kernel.unprivileged_userns_clone=1"},
	{"user.max_user_namespaces", "0", "sudo sysctl -w user.max_user_namespaces=10000"},
	{"kernel.apparmor_restrict_unprivileged_userns", "1", "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"},
}

// explainRefusal adds to what the kernel answered which setting stands behind it.
func explainRefusal(err error) error {
	e := &RefusedError{Err: err, Remedy: "run the same command with sudo"}
	for _, s := range userNamespaceSettings {
		data, readErr := os.ReadFile("/proc/sys/" + strings.ReplaceAll(s.name, ".", "/"))
		if readErr == nil && strings.TrimSpace(string(data)) == s.forbids {
			e.Setting, e.Remedy = s.name+" = "+s.forbids, s.allow
			return e
		}
	}
	if inChroot() {
		e.Setting = "a chroot around the caller (user_namespaces(7), EPERM)"
		e.Remedy = "leave the chroot"
	} else if _, err := os.Stat("/.dockerenv"); err == nil {
		e.Setting = "the container engine around the caller"
		e.Remedy = "start that container with --privileged, or use a VM"
	}
	return e
}

// inChroot tells whether the caller's root is not the root of its mount namespace.
func inChroot() bool {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false
	}
	for _, line := range strings.Split(string(data), "\n") {
		if f := strings.Fields(line); len(f) > 4 && f[4] == "/" {
			return false
		}
	}
	return true
}
