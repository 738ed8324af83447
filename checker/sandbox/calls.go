package sandbox

import (
	"encoding/binary"
	"runtime"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A script is what a process forked from the checker does: system calls
// prepared as data, because after fork(2) nothing of the Go runtime may be used
// in the child (no allocation, no stack growth, no scheduler). One loop without
// a stack check, in spawn, works through it.
type script struct {
	calls []call
	keep  []any // what the calls' arguments point to
	state *state
}

func newScript() *script {
	s := &script{state: new(state)}
	// What keep holds is on the heap, where it does not move: the calls name
	// it by address.
	s.keep = append(s.keep, s.state)
	return s
}

// call is one system call of a script.
type call struct {
	nr   uintptr
	args [6]uintptr
	what string // for the error message: "mount /proc"

	kind   kind
	expect expect
	slot   int8    // save the result in slots[slot-1]; 0: do not
	from   [6]int8 // args[i] is taken from slots[from[i]-1]; 0: args[i] itself
	target int     // fork: where the child goes on
}

// kind is what the loop does with a call besides making it.
type kind uint8

const (
	plain kind = iota
	fork       // the child goes on at target
	reap       // wait for every child: see script.reapAll
	busy       // make it again, after a pause, as long as it fails with EBUSY
)

// expect says which results a call must have for the script to go on. The
// script ends with exit status 127 after reporting any other.
type expect uint8

const (
	mustSucceed expect = iota // no error
	mayFail                   // whatever
	mustBeZero                // no error and 0
	mustBeOne                 // no error and 1
)

// report is what a script's process writes to its report descriptor when a
// call had not the result expected: two words of 8 bytes.
type report struct {
	index int64 // of the call in the script
	errno int64
}

// state is what the loop works on. It lies on the heap, at addresses that the
// calls of the script can name.
type state struct {
	slots  [8]uintptr
	wait   uint32 // wait status of the last child reaped
	polls  [2]pollFD
	buf    [128]byte // struct signalfd_siginfo
	pidfd  int32     // of the child of start, for its parent
	child  uintptr
	rounds uintptr       // made again for EBUSY, by all calls together
	pause  unix.Timespec // before that
	report report
	fd     uintptr // where to write report
}

// pollFD is struct pollfd, poll(2).
type pollFD struct {
	fd              int32
	events, revents int16
}

func (s *script) add(c call) int {
	s.calls = append(s.calls, c)
	return len(s.calls) - 1
}

// do appends a plain call that must succeed.
func (s *script) do(what string, nr uintptr, args ...uintptr) *call {
	c := call{nr: nr, what: what}
	copy(c.args[:], args)
	return &s.calls[s.add(c)]
}

// try appends a call whose result does not matter.
func (s *script) try(what string, nr uintptr, args ...uintptr) *call {
	c := s.do(what, nr, args...)
	c.expect = mayFail
	return c
}

// str returns the address of a NUL-terminated copy of v.
func (s *script) str(v string) uintptr {
	b := append([]byte(v), 0)
	return s.bytes(b)
}

func (s *script) bytes(b []byte) uintptr {
	s.keep = append(s.keep, b)
	return uintptr(unsafe.Pointer(unsafe.SliceData(b)))
}

// strs returns the address of a NULL-terminated array of strings, as execve(2) takes.
func (s *script) strs(v []string) uintptr {
	p := make([]uintptr, len(v)+1)
	for i := range v {
		p[i] = s.str(v[i])
	}
	s.keep = append(s.keep, p)
	return uintptr(unsafe.Pointer(unsafe.SliceData(p)))
}

// writeFile appends calls that write data to an existing file.
func (s *script) writeFile(path, data string, must expect) {
	open := s.do("open "+path, unix.SYS_OPENAT, atFDCWD, s.str(path), unix.O_WRONLY|unix.O_CLOEXEC, 0)
	open.slot, open.expect = 1, must
	b := []byte(data)
	write := s.do("write "+path, unix.SYS_WRITE, 0, s.bytes(b), uintptr(len(b)))
	write.from[0], write.expect = 1, must
	s.closeSlot(1)
}

func (s *script) closeSlot(slot int8) {
	s.try("close", unix.SYS_CLOSE, 0).from[0] = slot
}

// closeExcept appends calls that close every descriptor from 3 up but keep.
func (s *script) closeExcept(keep ...int) {
	next := 3
	for _, fd := range slices.Sorted(slices.Values(keep)) {
		if fd > next {
			s.do("close descriptors", unix.SYS_CLOSE_RANGE, uintptr(next), uintptr(fd)-1, 0)
		}
		next = max(next, fd+1)
	}
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, uintptr(next), 0xffffffff, 0)
}

// reapAll appends what waits until no child is left. The status of the forked
// one is written to statusFD when it has ended. When all write ends of the pipe
// aliveFD are closed the script ends at once, with exit status 127.
//
// SIGCHLD must be blocked.
func (s *script) reapAll(statusFD, aliveFD int) {
	mask := binary.NativeEndian.AppendUint64(nil, 1<<(unix.SIGCHLD-1))
	s.do("watch for ends", unix.SYS_SIGNALFD4, ^uintptr(0), s.bytes(mask), uintptr(len(mask)), unix.SFD_CLOEXEC|unix.SFD_NONBLOCK).slot = 1
	s.state.polls[0].fd = int32(aliveFD) // no events asked for: its end alone is told
	s.state.polls[1].events = unix.POLLIN
	s.add(call{kind: reap, args: [6]uintptr{uintptr(statusFD)}, from: [6]int8{1: 1}})
	s.closeSlot(1)
}

// maxRounds bounds the calls made again for EBUSY by one script.
const maxRounds = 1000

const atFDCWD = ^uintptr(99) // AT_FDCWD, -100, as a system call argument

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls, setTID, setTIDSize     uint64
	cgroup                                        uint64
}

// start forks the calling thread by clone3(2). The child works through the
// script and never returns. It returns the child's pid and a pidfd of it.
//
// All signals are blocked around it, so that no handler of the Go runtime can
// run in the child; it has none, by CLONE_CLEAR_SIGHAND. The script has to
// unblock them where that matters.
func (s *script) start(args cloneArgs, reportFD int) (pid, pidfd int, err error) {
	args.flags |= unix.CLONE_PIDFD | unix.CLONE_CLEAR_SIGHAND
	args.exitSignal = uint64(unix.SIGCHLD)
	args.pidfd = uint64(uintptr(unsafe.Pointer(&s.state.pidfd)))
	s.state.fd = uintptr(reportFD)
	runtime.LockOSThread() // the signal mask is a thread's
	defer runtime.UnlockOSThread()
	var all, old unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old); err != nil {
		return 0, -1, err
	}
	defer unix.PthreadSigmask(unix.SIG_SETMASK, &old, nil) //nolint:errcheck // the mask that was there
	// For a moment the child holds all our descriptors. Nobody may have a file
	// open for writing then that is to be executed or made read-only next.
	syscall.ForkLock.Lock()
	defer syscall.ForkLock.Unlock()
	// The runtime must not move or free anything that the script points to.
	child, errno := spawn(&args, unsafe.SliceData(s.calls), len(s.calls), s.state)
	runtime.KeepAlive(s)
	if errno != 0 {
		return 0, -1, errno
	}
	return int(child), int(s.state.pidfd), nil
}

// spawn forks. What comes after the fork in the child is all that ever runs
// there: the child does not return. One function, as the stack that functions
// without a check may use together is short.
//
//go:nosplit
//go:norace
func spawn(args *cloneArgs, calls *call, n int, st *state) (uintptr, unix.Errno) {
	r, _, errno := unix.RawSyscall6(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0, 0, 0, 0)
	if errno != 0 || r != 0 {
		return r, errno
	}
	i := 0
	var c *call
	for i < n {
		c = (*call)(unsafe.Add(unsafe.Pointer(calls), uintptr(i)*unsafe.Sizeof(*calls)))
		for j := range c.from {
			if c.from[j] != 0 {
				c.args[j] = st.slots[(c.from[j]-1)&7]
			}
		}
		if c.kind == reap {
			st.polls[1].fd = int32(c.args[1])
			for {
				r, _, errno = unix.RawSyscall6(unix.SYS_WAIT4, ^uintptr(0), uintptr(unsafe.Pointer(&st.wait)), unix.WALL|unix.WNOHANG, 0, 0, 0)
				if errno != 0 && errno != unix.EINTR {
					break
				}
				if errno != 0 || r != 0 {
					if errno == 0 && r == st.child {
						unix.RawSyscall6(unix.SYS_WRITE, c.args[0], uintptr(unsafe.Pointer(&st.wait)), unsafe.Sizeof(st.wait), 0, 0, 0)
					}
					continue
				}
				unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&st.polls)), uintptr(len(st.polls)), 0, 0, 8, 0)
				if st.polls[0].revents != 0 {
					unix.RawSyscall6(unix.SYS_EXIT_GROUP, 127, 0, 0, 0, 0, 0)
				}
				unix.RawSyscall6(unix.SYS_READ, c.args[1], uintptr(unsafe.Pointer(&st.buf)), unsafe.Sizeof(st.buf), 0, 0, 0)
			}
			i++
			continue
		}
		r, _, errno = unix.RawSyscall6(c.nr, c.args[0], c.args[1], c.args[2], c.args[3], c.args[4], c.args[5])
		if c.kind == busy && errno == unix.EBUSY && st.rounds < maxRounds {
			st.rounds++
			unix.RawSyscall6(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&st.pause)), 0, 0, 0, 0, 0)
			continue
		}
		if c.kind == fork && errno == 0 {
			if r == 0 {
				i = c.target
				continue
			}
			st.child = r
		}
		if c.slot != 0 {
			st.slots[(c.slot-1)&7] = r
		}
		if (c.expect != mayFail && errno != 0) || (c.expect == mustBeZero && r != 0) || (c.expect == mustBeOne && r != 1) {
			st.report.index = int64(i)
			st.report.errno = int64(errno)
			unix.RawSyscall6(unix.SYS_WRITE, st.fd, uintptr(unsafe.Pointer(&st.report)), unsafe.Sizeof(st.report), 0, 0, 0)
			unix.RawSyscall6(unix.SYS_EXIT_GROUP, 127, 0, 0, 0, 0, 0)
		}
		i++
	}
	unix.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	return 0, 0
}
