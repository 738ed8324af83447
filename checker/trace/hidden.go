package trace

import (
	"fmt"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// hides ends the sandbox at the stop before a clone(2) with CLONE_UNTRACED. The
// kernel does not make the call: at this stop it asks whether the thread has been
// killed, after the tracer has let it go (seccomp(2), SECCOMP_RET_TRACE).
func (r *Recorder) hides(t *task) {
	r.run.End.Hiding = "clone was called with CLONE_UNTRACED"
	// By itself too: where all was killed before, it may have been born since.
	_ = unix.Kill(t.proc.pid, unix.SIGKILL)
	r.kill()
}

// uncover looks for processes of the sandbox that are no tracees, and ends the
// sandbox if there is one. CLONE_UNTRACED in clone3(2) makes them; where that
// call returns its result tells, but with CLONE_VFORK it need not return before
// its caller is gone. So this is asked for when a clone3 was cut off, and when
// the first process exits after a clone3 was made.
func (r *Recorder) uncover() {
	if r.killed || !r.begun {
		return
	}
	pids, err := r.proc.pids()
	if err != nil {
		r.fail(fmt.Errorf("look for hidden processes: %w", err))
		return
	}
	for _, pid := range pids {
		if pid == r.init.PID || r.procs[pid] != nil {
			continue
		}
		data, err := r.proc.read(pid, "status")
		if err != nil {
			continue
		}
		s, ok := parseStatus(data)
		// A process that is born traced is so before /proc shows it, and until
		// this package has waited for it: then it is dead.
		if !ok || s.tracer != 0 || s.state == 'Z' || s.state == 'X' || len(s.nspid) <= r.depth || !r.inside(pid) {
			continue
		}
		r.run.End.Hiding = fmt.Sprintf("clone3 made a process with CLONE_UNTRACED, pid %d", s.nspid[r.depth])
		r.kill()
		return
	}
}

// inside tells whether a process is in the sandbox's PID namespace, or below it.
func (r *Recorder) inside(pid int) bool {
	fd, err := r.proc.open(pid, "ns/pid", unix.O_RDONLY)
	if err != nil {
		return false
	}
	for range maxLevels {
		var st unix.Stat_t
		err := unix.Fstat(fd, &st)
		if err != nil || st.Ino == r.host[pidKind] {
			closeRaw(fd)
			return err == nil
		}
		// EPERM above this thread's own namespace, ioctl_ns(2).
		parent, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(fd), unix.NS_GET_PARENT, 0)
		closeRaw(fd)
		if errno != 0 {
			return false
		}
		fd = int(parent)
	}
	closeRaw(fd)
	return false
}

// pids lists the processes that /proc has.
func (p *procfs) pids() ([]int, error) {
	dot := []byte{'.', 0}
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(p.fd), uintptr(unsafe.Pointer(unsafe.SliceData(dot))), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return nil, errno
	}
	defer closeRaw(int(fd))
	var pids []int
	buf := make([]byte, 32<<10)
	for {
		n, err := unix.ReadDirent(int(fd), buf)
		if err != nil || n <= 0 {
			return pids, err
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if pid, err := strconv.Atoi(name); err == nil {
				pids = append(pids, pid)
			}
		}
	}
}
