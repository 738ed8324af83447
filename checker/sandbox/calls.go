package sandbox

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A script is a program of system calls, prepared as data. What the processes
// around a sandbox do is little more than that; so they need no Go runtime, no
// memory to speak of, and start and fork in no time. image.go makes a program
// of a script.
type script struct {
	calls  []*call
	slab   []call // for the next ones
	data   []byte // from the address from on
	from   uintptr
	failed *place // where the calls appended next lead to when they fail

	image   int // of what was started; see extend
	started int // so many calls
}

// place is a place in a script that calls lead to.
type place struct{ index int }

// results are the results of a call from low up to low+span, unsigned, so that
// -1 follows on the greatest.
type results struct{ low, span uint64 }

var (
	anything = results{0, ^uint64(0)}
	failure  = results{^uint64(4094), 4094} // -4095 to -1 are errors
	never    = results{1 << 63, 0}
)

func exactly(v uint64) results { return results{v, 0} }
func but(v uint64) results     { return results{v + 1, ^uint64(0) - 1} }

// noCall is the number of a call that is none: its result is its first argument.
const noCall = ^uintptr(0)

// call is one system call of a script, and where the script goes on after it.
type call struct {
	nr   uintptr
	args [6]uintptr
	// load says, bit by bit, which of args are not values but addresses of
	// values; bit 6 says so of when.low.
	load   uint64
	result uintptr // address to store the result at; 0: nowhere
	when   results // these results lead to then, all others to the next call
	then   *place
	what   string // for the error message: "mount /proc"
}

// from has args[i] taken from an address when the call is made.
func (c *call) from(i int, addr uintptr) *call {
	c.args[i] = addr
	c.load |= 1 << i
	return c
}

// to has the result stored at an address.
func (c *call) to(addr uintptr) *call {
	c.result = addr
	return c
}

// on has the script go on at p after those results.
func (c *call) on(r results, p *place) *call {
	c.when, c.then = r, p
	return c
}

// must ends the script in failure after those results.
func (s *script) must(c *call, not results) *call { return c.on(not, s.failed) }

// do appends a call that must succeed.
func (s *script) do(what string, nr uintptr, args ...uintptr) *call {
	if len(s.slab) == 0 {
		s.slab = make([]call, 64)
	}
	c := &s.slab[0]
	s.slab = s.slab[1:]
	*c = call{nr: nr, what: what, when: failure, then: s.failed}
	copy(c.args[:], args)
	s.calls = append(s.calls, c)
	return c
}

// try appends a call whose result does not matter.
func (s *script) try(what string, nr uintptr, args ...uintptr) *call {
	return s.do(what, nr, args...).on(never, s.failed)
}

// test appends a look at what lies at an address.
func (s *script) test(addr uintptr, when results, then *place) *call {
	return s.do("look", noCall).from(0, addr).on(when, then)
}

// jump has the script go on at p.
func (s *script) jump(p *place) { s.do("go on", noCall, 0).on(anything, p) }

// here makes p the place of the next call.
func (s *script) here(p *place) { p.index = len(s.calls) }

// newScript returns a script whose calls, when they fail, lead to a report of
// that (see report) and the end of the process.
func newScript() *script {
	return &script{calls: make([]*call, 0, 256), data: make([]byte, dataHead, 8<<10), from: dataAt, failed: new(place), image: -1}
}

// end appends the report of a failure to the descriptor fd, and what follows on
// it: exit status 127. The calls that were appended since newScript or the last
// end lead here when they fail.
func (s *script) end(fd uintptr) {
	s.report(fd)
	s.do("exit", unix.SYS_EXIT_GROUP, 127)
}

// report appends the report of a failure, where failing calls appended before
// lead to.
func (s *script) report(fd uintptr) {
	s.here(s.failed)
	s.try("report", unix.SYS_WRITE, fd, dataAt, reportSize)
	s.failed = new(place)
}

// failHere appends a report of a failure to the descriptor fd and the end of the
// process. The calls that are appended next lead here when they fail; none goes
// on here.
func (s *script) failHere(fd uintptr) {
	s.failed = new(place)
	here := s.failed
	s.end(fd)
	s.failed = here
}

// bytes returns the address that a copy of b has when the script runs.
func (s *script) bytes(b []byte) uintptr {
	s.data = append(s.data, make([]byte, -len(s.data)&7)...)
	at := s.from + uintptr(len(s.data))
	s.data = append(s.data, b...)
	return at
}

// word returns the address of 8 bytes that hold v.
func (s *script) word(v uint64) uintptr {
	return s.bytes(binary.NativeEndian.AppendUint64(nil, v))
}

// str returns the address of a NUL-terminated copy of v.
func (s *script) str(v string) uintptr { return s.bytes(append([]byte(v), 0)) }

// strs returns the address of a NULL-terminated array of strings, as execve(2) takes.
func (s *script) strs(v []string) uintptr {
	var p []byte
	for i := range v {
		p = binary.NativeEndian.AppendUint64(p, uint64(s.str(v[i])))
	}
	return s.bytes(append(p, make([]byte, 8)...))
}

// writeFile appends calls that write data to an existing file; must says
// whether they must succeed.
func (s *script) writeFile(what, path, data string, must bool) {
	fd := s.word(0)
	done := new(place)
	open := s.do(what, unix.SYS_OPENAT, atFDCWD, s.str(path), unix.O_WRONLY|unix.O_CLOEXEC, 0).to(fd)
	write := s.do(what, unix.SYS_WRITE, 0, s.bytes([]byte(data)), uintptr(len(data))).from(0, fd)
	if !must {
		open.on(failure, done)
		write.on(never, done)
	}
	s.try("close", unix.SYS_CLOSE).from(0, fd)
	s.here(done)
}

// reapAll appends what waits until no child is left, and closes the standard
// streams. The status of the child whose pid lies at the address child is
// written to statusFD when it has ended. When all write ends of the pipe aliveFD
// are closed the process ends at once, with exit status 127.
//
// SIGCHLD must be blocked.
func (s *script) reapAll(child uintptr, statusFD, aliveFD int) {
	var loop, tell, gone, done place
	mask := binary.NativeEndian.AppendUint64(nil, 1<<(unix.SIGCHLD-1))
	pid, status := s.word(0), s.word(0)
	// Two of struct pollfd, poll(2): a descriptor, the events asked for, and those
	// that were told, in 4, 2 and 2 bytes. A pipe's end is told without asking.
	alive := s.word(uint64(aliveFD))
	s.word(0 | unix.POLLIN<<32)
	s.do("close standard streams", unix.SYS_CLOSE_RANGE, 0, 2, 0)
	s.must(s.do("watch for ends", unix.SYS_SIGNALFD4, ^uintptr(0), s.bytes(mask), 8, unix.SFD_CLOEXEC|unix.SFD_NONBLOCK), but(0))
	s.here(&loop)
	s.do("reap", unix.SYS_WAIT4, ^uintptr(0), status, unix.WALL|unix.WNOHANG, 0).to(pid).on(failure, &done)
	s.test(pid, exactly(uint64(child)), &tell).load |= 1 << 6
	s.test(pid, but(0), &loop)
	s.try("wait for ends", unix.SYS_PPOLL, alive, 2, 0, 0)
	s.test(alive, results{1 << 48, ^uint64(0) - 1<<48}, &gone)
	s.try("take signal", unix.SYS_READ, 0, s.bytes(make([]byte, 128)), 128) // struct signalfd_siginfo
	s.jump(&loop)
	s.here(&tell)
	s.try("tell", unix.SYS_WRITE, uintptr(statusFD), status, 4)
	s.jump(&loop)
	s.here(&gone)
	s.do("exit", unix.SYS_EXIT_GROUP, 127)
	s.here(&done)
}

const atFDCWD = ^uintptr(99) // AT_FDCWD, -100, as a system call argument

// cloneArgs is struct clone_args of clone3(2), as of Linux 5.7.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls, setTID, setTIDSize     uint64
	cgroup                                        uint64
}

func (a cloneArgs) bytes() []byte {
	b := make([]byte, unsafe.Sizeof(a))
	*(*cloneArgs)(unsafe.Pointer(unsafe.SliceData(b))) = a
	return b
}
