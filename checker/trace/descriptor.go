package trace

import (
	"bytes"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// descriptorsOf are the open files of a thread: threads may have tables of
// their own (CLONE_FILES).
type descriptorsOf struct {
	r   *Recorder
	tid int
}

func fdName(fd int32) string { return "fd/" + strconv.Itoa(int(fd)) }

func (d descriptorsOf) link(fd int32) string { return d.r.pathOf(d.tid, fdName(fd)) }

func (d descriptorsOf) target(fd int32) evidence.Target {
	name := fdName(fd)
	link, err := d.r.proc.link(d.tid, name)
	if err != nil {
		return evidence.Target{Kind: "closed"}
	}
	if inode := parseInode(link, "pipe"); inode != 0 {
		kind := "pipe"
		for i, stream := range d.r.init.Streams {
			if stream == inode {
				kind = [...]string{"stdin", "stdout", "stderr"}[i]
			}
		}
		return evidence.Target{Kind: kind, Name: string(link)}
	}
	t := evidence.Target{Kind: "other", Name: printable(string(link))}
	switch {
	case parseInode(link, "socket") != 0:
		t.Kind = "socket"
		return t
	case bytes.HasPrefix(link, []byte("anon_inode:")):
		return t
	}
	// The name of a file says nothing: any file can be put at any path.
	st, err := d.r.proc.stat(d.tid, name)
	if err != nil {
		return t
	}
	switch st.Mode & unix.S_IFMT {
	case unix.S_IFREG, unix.S_IFDIR:
		t.Kind = "file"
	case unix.S_IFIFO:
		t.Kind = "pipe"
	case unix.S_IFSOCK:
		t.Kind = "socket"
	case unix.S_IFCHR:
		// Documentation/admin-guide/devices.txt: memory devices are 1,
		// terminals 4 and 5, pseudo-terminals 136 to 143.
		switch major, minor := unix.Major(uint64(st.Rdev)), unix.Minor(uint64(st.Rdev)); {
		case major == 1 && minor == 3:
			t.Kind = "null"
		case major == 4, major == 5, major >= 136 && major <= 143:
			t.Kind = "tty"
		}
	}
	return t
}

// reopen opens the file behind a descriptor anew, for reading, if it is of the
// wanted type (S_IFREG, S_IFIFO). Nothing else is opened: a device might act.
func (d descriptorsOf) reopen(fd int32, kind uint32) int {
	name := fdName(fd)
	at, err := d.r.proc.open(d.tid, name, unix.O_PATH)
	if err != nil {
		return -1
	}
	defer closeRaw(at)
	var st unix.Stat_t
	if err := unix.Fstat(at, &st); err != nil || st.Mode&unix.S_IFMT != kind {
		return -1
	}
	own := []byte("thread-self/fd/" + strconv.Itoa(at) + "\x00")
	out, _, errno := unix.RawSyscall6(unix.SYS_OPENAT, uintptr(d.r.proc.fd), uintptr(unsafe.Pointer(unsafe.SliceData(own))),
		unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0, 0, 0)
	if errno != 0 {
		return -1
	}
	return int(out)
}

func (d descriptorsOf) content(fd int32, offset int64, limit int) []byte {
	if limit <= 0 {
		return nil
	}
	if offset < 0 {
		offset = d.info(fd, "pos:", 10)
	}
	in := d.reopen(fd, unix.S_IFREG)
	if in < 0 || offset < 0 {
		return nil
	}
	defer closeRaw(in)
	buf := make([]byte, limit)
	n, err := preadRaw(in, buf, offset)
	if err != nil {
		return nil
	}
	return buf[:n]
}

func (d descriptorsOf) peek(fd int32, limit int) []byte {
	if limit <= 0 {
		return nil
	}
	in := d.reopen(fd, unix.S_IFIFO)
	if in < 0 {
		return nil
	}
	defer closeRaw(in)
	var copyTo [2]int
	if err := unix.Pipe2(copyTo[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil
	}
	defer closeRaw(copyTo[0])
	defer closeRaw(copyTo[1])
	n, err := unix.Tee(in, copyTo[1], limit, unix.SPLICE_F_NONBLOCK)
	if err != nil || n <= 0 {
		return nil
	}
	buf := make([]byte, n)
	got, err := unix.Read(copyTo[0], buf)
	if err != nil {
		return nil
	}
	return buf[:got]
}

func (d descriptorsOf) pid(fd int32) int {
	t := d.r.tasks[int(d.info(fd, "Pid:", 10))]
	if t == nil || t.proc == nil || len(t.proc.pids) == 0 {
		return 0
	}
	return t.proc.pids[0]
}

func (d descriptorsOf) writes(fd int32) bool {
	flags := d.info(fd, "flags:", 8)
	return flags >= 0 && flags&unix.O_ACCMODE != unix.O_RDONLY
}

// info returns a number from the descriptor's fdinfo, or -1.
func (d descriptorsOf) info(fd int32, key string, base int) int64 {
	data, err := d.r.proc.read(d.tid, "fdinfo/"+strconv.Itoa(int(fd)))
	if err != nil {
		return -1
	}
	for line := range strings.Lines(string(data)) {
		if value, ok := strings.CutPrefix(line, key); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(value), base, 64); err == nil {
				return n
			}
		}
	}
	return -1
}
