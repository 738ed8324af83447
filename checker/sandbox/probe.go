package sandbox

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Answer is what a probe found out.
type Answer string

// The answers. CouldNotTell is no "no": a probe failed for another reason.
const (
	Yes          Answer = "yes"
	No           Answer = "no"
	CouldNotTell Answer = "could not tell"
)

// Feature is something of the kernel or of its settings that the kit uses.
type Feature struct {
	Name     string // "PID namespaces"
	Answer   Answer
	Why      string // what the kernel answered, unless Answer is Yes
	Remedy   string // what to type or to do
	Optional bool   // without it the kit works, less well: Why says how
}

// Probe tries what sandboxes need, one thing after the other, by using it. It
// needs what Open needs.
func Probe(ctx context.Context) []Feature {
	all := []Feature{probeMemory()}
	for _, ns := range [...]struct {
		name string
		flag uint64
	}{
		{"user namespaces", unix.CLONE_NEWUSER}, {"mount namespaces", unix.CLONE_NEWNS},
		{"PID namespaces", unix.CLONE_NEWPID}, {"UTS namespaces", unix.CLONE_NEWUTS},
		{"IPC namespaces", unix.CLONE_NEWIPC}, {"network namespaces", unix.CLONE_NEWNET},
		{"cgroup namespaces", unix.CLONE_NEWCGROUP},
	} {
		all = append(all, probeNamespace(ns.name, ns.flag))
	}
	all = append(all, probeMounts(), probeSeccomp(), probePtrace(), probeGroups())
	return append(all, probeCgroup2(), probeSandbox(ctx))
}

// answer turns a call's error into a Feature: errors that mean that the kernel
// lacks it or forbids it are No.
func answer(name string, err error, remedy string) Feature {
	f := Feature{Name: name, Answer: Yes}
	switch {
	case err == nil:
		return f
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES), errors.Is(err, unix.EINVAL),
		errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENODEV), errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		f.Answer = No
	default:
		f.Answer = CouldNotTell
	}
	f.Why, f.Remedy = err.Error(), remedy
	return f
}

// probeMemory tries what every process around a sandbox is: see image.go.
func probeMemory() Feature {
	s := newScript()
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.end(0)
	_, errno, err := s.run()
	if err == nil && errno != 0 {
		err = errno
	}
	return answer("programs in memory (memfd_create)", err, memfdRemedy)
}

func probeNamespace(name string, flag uint64) Feature {
	s := newScript()
	s.do("clone", unix.SYS_CLONE3, s.bytes(cloneArgs{flags: flag, exitSignal: uint64(unix.SIGCHLD)}.bytes()), unsafe.Sizeof(cloneArgs{}))
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.end(0)
	_, errno, err := s.run()
	if err == nil && errno != 0 {
		err = errno
	}
	remedy := "use a kernel of version 5.12 or later that has them built in"
	var refusal *RefusedError
	if flag == unix.CLONE_NEWUSER && err != nil && errors.As(explainRefusal(err), &refusal) {
		remedy = refusal.Remedy
	}
	return answer(name, err, remedy)
}

// probeMounts tries the calls that build a root: mount a tmpfs, take a folder
// and make the copy read-only with all that is below.
func probeMounts() Feature {
	return answer("read-only bind mounts (mount_setattr)", <-onThread(func() error {
		if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
			return fmt.Errorf("unshare: %w", err)
		}
		fd, err := unix.OpenTree(unix.AT_FDCWD, "/usr", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return fmt.Errorf("open_tree: %w", err)
		}
		defer unix.Close(fd)
		attr := unix.MountAttr{Attr_set: readOnly}
		if err := unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
			return fmt.Errorf("mount_setattr: %w", err)
		}
		return nil
	}), "use a kernel of version 5.12 or later")
}

func probeSeccomp() Feature {
	const name, remedy = "seccomp filters", "use a kernel with CONFIG_SECCOMP_FILTER"
	data, err := os.ReadFile("/proc/sys/kernel/seccomp/actions_avail")
	if errors.Is(err, os.ErrNotExist) {
		return Feature{Name: name, Answer: No, Why: err.Error(), Remedy: remedy}
	}
	if err == nil && !slices.Contains(strings.Fields(string(data)), "trace") {
		return Feature{Name: name, Answer: No, Why: "the action trace is not available", Remedy: remedy}
	}
	return answer(name, err, remedy)
}

// probePtrace seizes a process as the recorder does.
func probePtrace() Feature {
	return answer("ptrace", <-onThread(func() error {
		s := newScript()
		pause := binary.NativeEndian.AppendUint64(nil, 10) // struct timespec; for ever would be too long if we are killed
		s.try("pause", unix.SYS_PPOLL, 0, 0, s.bytes(append(pause, make([]byte, 8)...)), 0)
		s.do("exit", unix.SYS_EXIT_GROUP, 0)
		s.end(0)
		pid, pidfd, err := s.start("pidone")
		defer s.close()
		if err != nil {
			return fmt.Errorf("fork: %w", err)
		}
		defer unix.Close(pidfd)
		_, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, unix.PTRACE_O_EXITKILL, 0, 0)
		if err := unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0); err != nil {
			return fmt.Errorf("kill: %w", err)
		}
		if err := waitFor(pid); err != nil {
			return err
		}
		if errno != 0 {
			return errno
		}
		return nil
	}), "sudo sysctl -w kernel.yama.ptrace_scope=1; in a container: --cap-add SYS_PTRACE")
}

func probeGroups() Feature {
	const name = "cgroup limits (memory, pids)"
	_, err := openGroups("")
	if err == nil {
		return Feature{Name: name, Answer: Yes, Optional: true}
	}
	return Feature{
		Name: name, Answer: No, Optional: true,
		Why:    err.Error() + "; limits are kept by rlimits instead, for each process",
		Remedy: "run as root, or: systemd-run --user --scope -p Delegate=yes make check ...",
	}
}

// probeSandbox makes a whole sandbox.
func probeSandbox(ctx context.Context) Feature {
	h, err := Open()
	if err == nil {
		var res *Result
		res, err = h.Run(ctx, Command{Path: "/bin/true", Args: []string{"true"}})
		if err == nil && res.Status != 0 {
			err = fmt.Errorf("/bin/true ended with wait status %#x", int(res.Status))
		}
	}
	remedy := "see the line above that is not yes"
	if err != nil && strings.Contains(err.Error(), "mount /proc") {
		remedy = "something covers parts of /proc: start the container around the kit with --security-opt systempaths=unconfined"
	}
	return answer("a whole sandbox", err, remedy)
}
