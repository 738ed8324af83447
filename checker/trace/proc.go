package trace

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
	"unsafe"

	"golang.org/x/sys/unix"
)

// procfs reads /proc through a descriptor of it. The thread's own root
// directory is the sandbox's, so that no path of it can be trusted.
//
// What read and link return is overwritten by the next call of either.
type procfs struct {
	fd   int
	path []byte // room for "PID/NAME\x00"
	buf  []byte
}

func newProcfs(fd int) *procfs {
	return &procfs{fd: fd, path: make([]byte, 0, 64), buf: make([]byte, 8192)}
}

// at puts "PID/NAME\x00" together.
func (p *procfs) at(pid int, name string) *byte {
	p.path = strconv.AppendInt(p.path[:0], int64(pid), 10)
	p.path = append(p.path, '/')
	p.path = append(p.path, name...)
	p.path = append(p.path, 0)
	return unsafe.SliceData(p.path)
}

// link returns what the link /proc/PID/NAME holds.
func (p *procfs) link(pid int, name string) ([]byte, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_READLINKAT, uintptr(p.fd), uintptr(unsafe.Pointer(p.at(pid, name))),
		uintptr(unsafe.Pointer(unsafe.SliceData(p.buf))), uintptr(len(p.buf)), 0, 0)
	if errno != 0 {
		return nil, errno
	}
	return p.buf[:n], nil
}

// open opens /proc/PID/NAME.
func (p *procfs) open(pid int, name string, flags int) (int, error) {
	fd, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(p.fd), uintptr(unsafe.Pointer(p.at(pid, name))),
		uintptr(flags|unix.O_CLOEXEC), 0, 0, 0)
	if errno != 0 {
		return -1, errno
	}
	return int(fd), nil
}

// read returns the first 8 KiB of /proc/PID/NAME, which one read(2) gives for
// the files that are read here.
func (p *procfs) read(pid int, name string) ([]byte, error) {
	fd, err := p.open(pid, name, unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer closeRaw(fd)
	n, err := preadRaw(fd, p.buf, 0)
	return p.buf[:n], err
}

// stat follows /proc/PID/NAME.
func (p *procfs) stat(pid int, name string) (unix.Stat_t, error) {
	var st unix.Stat_t
	p.at(pid, name)
	err := unix.Fstatat(p.fd, string(p.path[:len(p.path)-1]), &st, 0)
	return st, err
}

func closeRaw(fd int) { unix.RawSyscall(unix.SYS_CLOSE, uintptr(fd), 0, 0) }

func preadRaw(fd int, buf []byte, offset int64) (int, error) {
	n, _, errno := unix.RawSyscall6(unix.SYS_PREAD64, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)), uintptr(offset), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}

// readAll returns what a descriptor of a /proc file gives from its start, at
// most limit bytes.
func readAll(fd, limit int) ([]byte, error) {
	var data []byte
	for len(data) < limit {
		data = slices.Grow(data, 4096)
		n, err := preadRaw(fd, data[len(data):min(cap(data), limit)], int64(len(data)))
		if err != nil {
			return data, err
		}
		if n == 0 {
			break
		}
		data = data[:len(data)+n]
	}
	return data, nil
}

// procStatus is what is needed of /proc/PID/status, proc_pid_status(5).
type procStatus struct {
	tgid  int
	ppid  int   // the real parent, whoever traces it
	nspid []int // from the reader's PID namespace inwards
	state byte  // 'R', 'Z', ...
	// tracer is the pid of who traces it; 0: nobody.
	tracer int
}

// parseStatus reads a status file. A name may hold a newline only as "\n" in
// two characters, so that the lines are the kernel's own.
func parseStatus(data []byte) (procStatus, bool) {
	var s procStatus
	for len(data) > 0 {
		line := data
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			line, data = data[:i], data[i+1:]
		} else {
			data = nil
		}
		key, value, ok := bytes.Cut(line, []byte(":\t"))
		if !ok {
			continue
		}
		switch string(key) {
		case "State":
			if len(value) > 0 {
				s.state = value[0]
			}
		case "Tgid":
			s.tgid = number(value)
		case "PPid":
			s.ppid = number(value)
		case "TracerPid":
			s.tracer = number(value)
		case "NSpid":
			for _, field := range bytes.Fields(value) {
				s.nspid = append(s.nspid, number(field))
			}
			// Nothing that is needed comes after it.
			return s, s.tgid > 0 && len(s.nspid) > 0 && len(s.nspid) <= maxLevels
		}
	}
	return s, false
}

// maxLevels is how deep PID namespaces nest: MAX_PID_NS_LEVEL, pid_namespaces(7).
const maxLevels = 33

// parseCode returns where the code of a process begins and ends, from its stat
// file, proc_pid_stat(5): startcode and endcode, fields 26 and 27. The second
// field, a name, may hold anything.
func parseCode(data []byte) (code [2]uint64) {
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	const first = 3 // number of the field behind the name
	for i := range code {
		if n := 26 - first + i; n < len(fields) {
			code[i], _ = strconv.ParseUint(string(fields[n]), 10, 64)
		}
	}
	return code
}

// number reads a pid; 0 is no pid.
func number(text []byte) int {
	n, err := strconv.ParseUint(string(text), 10, 31)
	if err != nil {
		return 0
	}
	return int(n)
}

// parseInode reads "uts:[4026531838]", "pipe:[17]"; 0 is no inode.
func parseInode(link []byte, kind string) uint64 {
	rest, ok := bytes.CutPrefix(link, []byte(kind))
	if !ok || len(rest) < 4 || rest[0] != ':' || rest[1] != '[' || rest[len(rest)-1] != ']' {
		return 0
	}
	var n uint64
	for _, c := range rest[2 : len(rest)-1] {
		if c < '0' || c > '9' || n > 1<<58 {
			return 0
		}
		n = n*10 + uint64(c-'0')
	}
	return n
}

// unescape undoes the kernel's \ooo.
func unescape(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+3 < len(text) {
			if n, err := strconv.ParseUint(string(text[i+1:i+4]), 8, 8); err == nil {
				out = append(out, byte(n))
				i += 3
				continue
			}
		}
		out = append(out, text[i])
	}
	return out
}

// printable makes a string safe for JSON: bytes that are not UTF-8 become
// "\xff", in four characters.
func printable(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var out strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && size == 1 {
			const digits = "0123456789abcdef"
			out.WriteString(`\x`)
			out.WriteByte(digits[s[0]>>4])
			out.WriteByte(digits[s[0]&15])
		} else {
			out.WriteString(s[:size])
		}
		s = s[size:]
	}
	return out.String()
}

// arguments splits a cmdline file.
func arguments(data []byte) []string {
	text := strings.TrimSuffix(string(data), "\x00")
	if text == "" {
		return nil
	}
	args := strings.Split(text, "\x00")
	if len(args) > maxArgs {
		args = args[:maxArgs]
	}
	for i := range args {
		args[i] = printable(args[i])
	}
	return args
}
