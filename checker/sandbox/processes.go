package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

func waitFor(pid int) error {
	for {
		_, err := unix.Wait4(pid, nil, unix.WALL, nil)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("wait for sandbox: %w", err)
		}
	}
}

// start starts the janitor, which starts init.
func (r *running) start(s *script) (err error) {
	r.janitor, r.janitorFD, err = s.start(strings.TrimSuffix(r.host.name, "-"),
		r.stdio[0], r.stdio[1], r.stdio[2], r.goOn[0], r.report[1], r.status[1], r.outside)
	if err != nil {
		return err
	}
	r.later(r.end)
	for i := range r.stdio {
		closeFD(&r.stdio[i])
	}
	closeFD(&r.goOn[0])
	closeFD(&r.report[1])
	closeFD(&r.status[1])
	return nil
}

// meetInit waits until init is there.
func (r *running) meetInit() error {
	pid, err := r.hear()
	if err != nil {
		return err
	}
	r.pid = pid
	// Nobody but this thread, its parent, reaps it: the pid is its own.
	pidfd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return fmt.Errorf("open sandbox: %w", err)
	}
	r.pidfd = pidfd
	return nil
}

// hear waits until the janitor tells something.
func (r *running) hear() (int, error) {
	for {
		fds := []unix.PollFd{{Fd: int32(r.status[0]), Events: unix.POLLIN}, {Fd: int32(r.janitorFD), Events: unix.POLLIN}}
		if _, err := unix.Poll(fds, -1); err != nil {
			if err == unix.EINTR {
				continue
			}
			return 0, fmt.Errorf("wait for sandbox: %w", err)
		}
		var word [8]byte
		if n, _ := unix.Read(r.status[0], word[:]); n == len(word) {
			return int(binary.NativeEndian.Uint64(word[:])), nil
		}
		if fds[1].Revents != 0 {
			return 0, errJanitor
		}
	}
}

// errJanitor says that the janitor ended before there was an init.
var errJanitor = errors.New("start sandbox: its first process is gone")

// kill ends init, and with it the sandbox, if it has not ended.
func (r *running) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pidfd >= 0 {
		unix.PidfdSendSignal(r.pidfd, unix.SIGKILL, nil, 0)
	}
}

// reaped says that init was waited for.
func (r *running) reaped() {
	if r.drained != nil {
		<-r.drained
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	closeFD(&r.pidfd)
	r.pid = -1
}

// end ends init, if it has not ended, and waits until it and the janitor have.
func (r *running) end() {
	closeFD(&r.goOn[1]) // which ends an init that never was told to go on
	if r.pid == 0 {
		// Where the janitor was killed before it told of init, nobody reaps
		// that; it ends, though.
		_ = r.meetInit()
	}
	if r.pid > 0 {
		r.kill()
		_ = waitFor(r.pid)
		r.reaped()
	}
	// Now the janitor has something to do.
	r.leave()
	if !r.last {
		_ = waitFor(r.janitor)
	}
	closeFD(&r.janitorFD)
}

// leave leaves the mount namespace in which the root was built, unless there is
// something to look at in it. The end of one takes the kernel a while, so this is
// done while somebody else has something to do.
func (r *running) leave() {
	looks := len(r.cmd.Trees) > 0 || r.cmd.Look != "" || len(r.cmd.Outputs) > 0
	if r.outside >= 0 && !r.last && (r.pid < 0 || !looks) {
		_ = unix.Setns(r.outside, unix.CLONE_NEWNS)
		closeFD(&r.outside)
	}
}

// because returns what a process of the script said of a call that failed, or err
// if none did.
func (r *running) because(err error, s *script) error {
	if failed := r.failure(s); failed != nil {
		return failed
	}
	return err
}

// failure returns what a process of the script said of a call that failed.
func (r *running) failure(s *script) error {
	var b [reportSize]byte
	n, _ := unix.Read(r.report[0], b[:])
	if c, errno := s.failedCall(b[:max(n, 0)]); c != nil {
		return fmt.Errorf("%s: %w", c.what, errno)
	}
	return nil
}
