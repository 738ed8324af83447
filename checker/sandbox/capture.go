package sandbox

import (
	"io"

	"golang.org/x/sys/unix"
)

// capture reads one output stream and keeps the beginning of it.
type capture struct {
	fd    int // does not block
	live  io.Writer
	keep  int64
	data  []byte
	total int64
}

// read takes what is in the stream, up to a buffer full. It tells whether there
// may be more, now or later.
func (c *capture) read(buf []byte) (more, later bool) {
	n, err := unix.Read(c.fd, buf)
	switch {
	case err == unix.EINTR:
		return true, true
	case err == unix.EAGAIN:
		return false, true
	case err != nil || n <= 0:
		return false, false
	}
	c.take(buf[:n])
	return true, true
}

func (c *capture) take(b []byte) {
	c.data = append(c.data, b[:min(int64(len(b)), max(0, c.keep-c.total))]...)
	c.total += int64(len(b))
	if c.live != nil {
		c.live.Write(b)
	}
}

// drain reads the output streams until init has ended, or for the last run until
// init has seen the end of all else, and then what is left in them. Their end need
// not come: a descriptor of one may lie in a message between sockets that hold each
// other, unix(7), which is no process's and never ends. When it comes, atEnd is
// called, if it is not nil.
func (r *running) drain(atEnd func()) {
	fds := []unix.PollFd{{Fd: int32(r.pidfd), Events: unix.POLLIN}}
	if r.last {
		fds[0] = unix.PollFd{Fd: int32(r.report[0])} // its end is told without asking
	}
	for _, c := range r.out {
		fds = append(fds, unix.PollFd{Fd: int32(c.fd), Events: unix.POLLIN})
	}
	buf, open := make([]byte, 64<<10), len(r.out)
	for fds[0].Revents == 0 {
		if _, err := unix.Poll(fds, -1); err != nil && err != unix.EINTR {
			return // the limit of time will end it
		}
		for i, c := range r.out {
			if f := &fds[1+i]; f.Revents != 0 {
				if _, later := c.read(buf); !later {
					f.Fd = -1 // poll(2) passes over it
					if open--; open == 0 && atEnd != nil {
						atEnd()
					}
				}
			}
		}
	}
	for i, c := range r.out {
		for more := fds[1+i].Fd >= 0; more; {
			more, _ = c.read(buf)
		}
	}
}

// collect has the kernel free sockets that hold each other, and what they
// hold: it looks for them whenever a socket of their family is closed.
func collect() {
	if fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
		unix.Close(fd)
	}
}
