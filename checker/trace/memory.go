package trace

import (
	"bytes"
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Limits of what is read from a submission's memory in one go.
const (
	maxPath   = 4096 // PATH_MAX
	maxName   = 256  // more than a hostname may have, so that a name too long is seen as such
	maxArgs   = 64   // arguments kept of an execve
	maxArg    = 1024 // bytes kept of one
	maxVector = 1024 // UIO_MAXIOV
)

// memory is a process's memory, or a test's.
type memory interface {
	// read fills buf from address on and returns how many bytes it could read.
	read(address uint64, buf []byte) int
}

// taskMemory is the memory of a thread by process_vm_readv(2).
type taskMemory int

func (m taskMemory) read(address uint64, buf []byte) int {
	if len(buf) == 0 {
		return 0
	}
	local := unix.Iovec{Base: unsafe.SliceData(buf), Len: uint64(len(buf))}
	// Split at page boundaries: the kernel stops a read within one remote
	// element as a whole, but gives the elements before it.
	var remote [maxPages]unix.RemoteIovec
	n := 0
	for rest := uint64(len(buf)); rest > 0 && n < maxPages; n++ {
		size := min(rest, pageSize-address%pageSize)
		if n == maxPages-1 {
			size = rest
		}
		remote[n] = unix.RemoteIovec{Base: uintptr(address), Len: int(size)}
		address += size
		rest -= size
	}
	got, _, errno := unix.RawSyscall6(unix.SYS_PROCESS_VM_READV, uintptr(m),
		uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), uintptr(n), 0)
	if errno != 0 {
		return 0
	}
	return int(got)
}

const (
	pageSize = 4096 // the smallest that there is
	maxPages = 18   // 64 KiB, wherever it begins
)

// word reads one little-endian word.
func word(m memory, address uint64) (uint64, bool) {
	var b [8]byte
	if m.read(address, b[:]) != len(b) {
		return 0, false
	}
	return binary.LittleEndian.Uint64(b[:]), true
}

// text reads a string that ends with NUL, at most limit bytes of it.
func text(m memory, address uint64, limit int) string {
	if address == 0 {
		return ""
	}
	// Most strings are short: the first read is, too.
	buf := make([]byte, min(128, limit))
	for have := 0; ; {
		n := m.read(address+uint64(have), buf[have:])
		if i := bytes.IndexByte(buf[have:have+n], 0); i >= 0 {
			return printable(string(buf[:have+i]))
		}
		if have += n; have < len(buf) || have >= limit {
			return printable(string(buf[:have]))
		}
		buf = append(buf, make([]byte, min(have, limit-have))...)
	}
}

// counted reads a string of a length that the caller gave.
func counted(m memory, address, length uint64) string {
	buf := make([]byte, min(length, maxName))
	return printable(string(buf[:m.read(address, buf)]))
}

// vector reads a NULL-terminated array of strings.
func vector(m memory, address uint64) []string {
	if address == 0 {
		return nil
	}
	var out []string
	for i := range uint64(maxArgs) {
		pointer, ok := word(m, address+8*i)
		if !ok || pointer == 0 {
			break
		}
		out = append(out, text(m, pointer, maxArg))
	}
	return out
}

// span is a piece of memory: struct iovec.
type span struct{ base, length uint64 }

// spans reads an array of struct iovec.
func spans(m memory, address, count uint64) []span {
	count = min(count, maxVector)
	buf := make([]byte, 16*count)
	n := m.read(address, buf) / 16
	out := make([]span, n)
	for i := range out {
		out[i].base = binary.LittleEndian.Uint64(buf[16*i:])
		out[i].length = binary.LittleEndian.Uint64(buf[16*i+8:])
	}
	return out
}

// gather reads what lies in the spans, one after the other, at most limit
// bytes, and returns the size of all of them as well.
func gather(m memory, list []span, limit int) (data []byte, size int64) {
	unreadable := false
	for _, s := range list {
		length := min(s.length, 1<<40)
		size += int64(length)
		if size > 1<<50 {
			size = 1 << 50
		}
		if room := limit - len(data); room > 0 && !unreadable {
			buf := make([]byte, min(uint64(room), length))
			n := m.read(s.base, buf)
			data = append(data, buf[:n]...)
			// What comes behind a hole would be taken for what is in it.
			unreadable = n < len(buf)
		}
	}
	return data, size
}
