package sandbox

import (
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// capture reads one output stream to its end, and keeps the beginning of it.
type capture struct {
	file  *os.File
	fd    int // file's descriptor, which does not block
	live  io.Writer
	keep  int64
	data  []byte
	total int64
	done  chan struct{}
}

func newCapture(fd int, keep int64, live io.Writer) *capture {
	c := &capture{file: os.NewFile(uintptr(fd), "output"), fd: fd, live: live, keep: keep, done: make(chan struct{})}
	go func() {
		defer close(c.done)
		buf := make([]byte, 64<<10)
		for {
			n, err := c.file.Read(buf)
			c.take(buf[:n])
			if err != nil {
				return
			}
		}
	}()
	return c
}

// stop ends the reading of a stream that may still have writers.
func (c *capture) stop() {
	c.file.Close()
	<-c.done
}

func (c *capture) take(b []byte) {
	c.data = append(c.data, b[:min(int64(len(b)), max(0, c.keep-c.total))]...)
	c.total += int64(len(b))
	if c.live != nil && len(b) > 0 {
		c.live.Write(b)
	}
}

// set takes what is left in the stream, in which nobody writes any more. Its
// end need not come: a descriptor of it may lie in a message between sockets
// that hold each other, unix(7), which is no process's and never ends.
func (s *Stream) set(c *capture) {
	c.file.SetReadDeadline(time.Unix(1, 0)) // long ago
	<-c.done
	buf := make([]byte, 64<<10)
	for {
		n, err := unix.Read(c.fd, buf)
		if err == unix.EINTR {
			continue
		}
		if err != nil || n <= 0 {
			break
		}
		c.take(buf[:n])
	}
	s.Data, s.Total = c.data, c.total
}

// collect has the kernel free sockets that hold each other, and what they
// hold: it looks for them whenever a socket of their family is closed.
func collect() {
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
		unix.Close(fd)
	}
}
