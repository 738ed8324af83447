package sandbox

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A script becomes an executable of two segments: the interpreter, a few dozen
// instructions from interpreter_GOARCH.s, with the calls behind it; and the
// data. It lies in memory only (memfd_create(2)).
//
// It can be started before it is complete: a private mapping shows what was
// written to its file later, in pages that the process itself has not written to
// (mmap(2) leaves it open, Linux does so for all of them). So the processes can
// begin with what takes long while the rest is prepared; the last call that
// they began with has to wait until that is there.

// The layout of the image in memory. interpreter_GOARCH.s knows callsAt, dataAt
// and the fields of record.
const (
	textAt  = 0x10000000
	callsAt = textAt + 1024
	dataAt  = 0x20000000
	// The data begins with what a call that led elsewhere leaves: its own
	// address and its result; and a word for results that nobody wants.
	reportSize = 16
	dataHead   = reportSize + 8
	// The greatest page size of both architectures: how far apart the segments
	// lie in the file.
	imagePage = 64 << 10
	// Room for data: more than execve(2) takes of arguments and environment.
	// What nobody writes to takes no memory.
	dataRoom = 8 << 20
)

// record is a call as the interpreter reads it.
type record struct {
	nr        uint64
	args      [6]uint64
	load      uint64
	result    uint64
	low, span uint64
	target    uint64
}

// interpreter returns the address of the interpreter's code, which ends with
// the architecture's undefined instruction.
func interpreter() unsafe.Pointer

func recordAt(i int) uint64 { return callsAt + uint64(i)*uint64(unsafe.Sizeof(record{})) }

// text returns the first segment, of the calls that there are.
func (s *script) text() ([]byte, error) {
	code := unsafe.Slice((*byte)(interpreter()), callsAt-textAt-elfHeaders)
	end := bytes.Index(code, undefined[:])
	if end < 0 {
		return nil, errors.New("assemble script: the interpreter has no end")
	}
	b := make([]byte, callsAt-textAt, recordAt(len(s.calls))-textAt)
	copy(b[elfHeaders:], code[:end])
	elf(b)
	return append(b, s.records(0)...), nil
}

// records are the calls from the given one on as the interpreter reads them.
func (s *script) records(from int) []byte {
	const size = int(unsafe.Sizeof(record{}))
	b := make([]byte, (len(s.calls)-from)*size)
	for i, c := range s.calls[from:] {
		r := (*record)(unsafe.Pointer(&b[i*size]))
		r.nr, r.load, r.result, r.low, r.span = uint64(c.nr), c.load, uint64(c.result), c.when.low, c.when.span
		for j, a := range c.args {
			r.args[j] = uint64(a)
		}
		if r.result == 0 {
			r.result = dataAt + reportSize
		}
		r.target = recordAt(c.then.index)
	}
	return b
}

const elfHeaders = 64 + 2*56

// elf writes the headers of the executable, elf(5).
func elf(b []byte) {
	e := binary.NativeEndian
	h := append(b[:0], "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00"...)
	h = e.AppendUint16(h, 2) // ET_EXEC
	h = e.AppendUint16(h, elfMachine)
	h = e.AppendUint32(h, 1)
	h = e.AppendUint64(h, textAt+elfHeaders) // where it begins
	h = e.AppendUint64(h, 64)                // offset of the program headers
	h = e.AppendUint64(h, 0)
	h = e.AppendUint32(h, 0)
	for _, v := range [...]uint16{64, 56, 2, 0, 0, 0} {
		h = e.AppendUint16(h, v)
	}
	for _, p := range [...]struct {
		flags        uint32
		offset, addr uint64
		size         int
	}{{5, 0, textAt, imagePage}, {6, imagePage, dataAt, dataRoom}} {
		h = e.AppendUint32(h, 1) // PT_LOAD
		h = e.AppendUint32(h, p.flags)
		for _, v := range [...]uint64{p.offset, p.addr, p.addr, uint64(p.size), uint64(p.size), imagePage} {
			h = e.AppendUint64(h, v)
		}
	}
}

// memfdRemedy allows executables in memory, memfd_create(2).
const memfdRemedy = "sudo sysctl -w vm.memfd_noexec=1"

// make makes the executable in memory. Its name shows in /proc/PID/exe.
func (s *script) make(name string) error {
	text, err := s.text()
	if err != nil {
		return err
	}
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_EXEC)
	if err == unix.EINVAL { // before Linux 6.3
		fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	}
	if err == unix.EACCES {
		return fmt.Errorf("make executable in memory: %w: forbidden by vm.memfd_noexec = 2; try: %s", err, memfdRemedy)
	}
	if err != nil {
		return fmt.Errorf("make executable in memory: %w", err)
	}
	s.image = fd
	if err := unix.Ftruncate(fd, imagePage+dataRoom); err != nil {
		return fmt.Errorf("make executable in memory: %w", err)
	}
	return s.write(text, 0)
}

// write writes text at an offset in the executable, and the data.
func (s *script) write(text []byte, at int) error {
	if at+len(text) > imagePage {
		return fmt.Errorf("assemble script: %d calls are too many", len(s.calls))
	}
	from := imagePage + int(s.from-dataAt)
	if from+len(s.data) > imagePage+dataRoom {
		return fmt.Errorf("assemble script: %d bytes of arguments and environment are too many", len(s.data))
	}
	for _, part := range [...]struct {
		data []byte
		at   int
	}{{text, at}, {s.data, from}} {
		if n, err := unix.Pwrite(s.image, part.data, int64(part.at)); err != nil || n < len(part.data) {
			return fmt.Errorf("fill executable in memory: %d bytes: %w", n, err)
		}
	}
	s.started = len(s.calls)
	return nil
}

// start runs the script in a process of its own, a child of the calling thread
// in a session of its own, with all signals as they are for the thread. Its
// descriptors from 0 up are files, and one behind those, of its executable.
// Calls can be appended afterwards: see extend. The script has to be closed.
func (s *script) start(name string, files ...int) (pid, pidfd int, err error) {
	if err := s.make(name); err != nil {
		return 0, -1, err
	}
	fds := make([]uintptr, 0, len(files)+1)
	for _, fd := range append(files[:len(files):len(files)], s.image) {
		fds = append(fds, uintptr(fd))
	}
	pidfd = -1
	pid, err = syscall.ForkExec(fmt.Sprintf("/proc/self/fd/%d", len(files)), []string{""}, &syscall.ProcAttr{
		Dir: "/", Files: fds, Sys: &syscall.SysProcAttr{Setsid: true, PidFD: &pidfd},
	})
	if err != nil {
		return 0, -1, fmt.Errorf("execute from memory: %w", err)
	}
	// Its processes write to pages of data that they have; what comes now is not
	// to be in one of those.
	s.from += uintptr(len(s.data)+imagePage-1) &^ (imagePage - 1)
	s.data = make([]byte, 0, 8<<10)
	return pid, pidfd, nil
}

// extend gives the processes of the script the calls that were appended since
// start. These lead to others of them, or to calls before; those before may
// only go on with the first of them, and not before they know that it is there.
func (s *script) extend() error {
	return s.write(s.records(s.started), int(recordAt(s.started)-textAt))
}

// close gives up the executable, which lives on with its processes.
func (s *script) close() { closeFD(&s.image) }

// failedCall tells from what a script reported which of its calls led to that,
// and the error that it had; nil if none did.
func (s *script) failedCall(report []byte) (c *call, errno unix.Errno) {
	if len(report) != reportSize {
		return nil, 0
	}
	e := binary.NativeEndian
	at, result := e.Uint64(report), int64(e.Uint64(report[8:]))
	index := (at - callsAt) / uint64(unsafe.Sizeof(record{}))
	if index >= uint64(len(s.calls)) {
		return nil, 0
	}
	if result < 0 {
		errno = unix.Errno(-result)
	}
	return s.calls[index], errno
}

// run runs a script that was ended with report descriptor 0, and tells which of
// its calls failed.
func (s *script) run() (failed *call, errno unix.Errno, err error) {
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
		return nil, 0, err
	}
	defer unix.Close(p[0])
	err = <-onThread(func() error {
		pid, pidfd, err := s.start("pidone", p[1])
		defer s.close()
		unix.Close(p[1])
		if err != nil {
			return err
		}
		unix.Close(pidfd)
		return waitFor(pid)
	})
	if err != nil {
		return nil, 0, err
	}
	var b [reportSize]byte
	n, _ := unix.Read(p[0], b[:])
	failed, errno = s.failedCall(b[:max(n, 0)])
	return failed, errno, nil
}
