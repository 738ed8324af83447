package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// evil is in every name that an attack tries to leave somewhere.
const evil = "pidone-evil"

// tried prints a line about one try: "ok" or the error, a tab, what was tried.
func tried(what string, err error) {
	var errno syscall.Errno
	switch {
	case err == nil || errors.As(err, &errno) && errno == 0:
		say("ok", what)
	case errors.As(err, &errno) && unix.ErrnoName(errno) != "":
		say(unix.ErrnoName(errno), what)
	default:
		say(err, what)
	}
}

func say(result any, what string) { fmt.Printf("%v\t%s\n", result, what) }

// call makes a system call and prints what came of it.
func call(what string, nr uintptr, args ...uintptr) uintptr {
	var a [6]uintptr
	copy(a[:], args)
	r, _, errno := unix.Syscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	tried(what, errno)
	return r
}

// put tries to write a text into a file that is there.
func put(path, text string) {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err == nil {
		_, err = unix.Write(fd, []byte(text))
		unix.Close(fd)
	}
	tried("write "+path, err)
}

// peek tries to read a file or a folder.
func peek(path string) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC|unix.O_NOCTTY, 0)
	if err == nil {
		var b [64]byte
		if _, err = unix.Read(fd, b[:]); err == unix.EISDIR {
			err = nil
		}
		unix.Close(fd)
	}
	tried("read "+path, err)
}

// again runs the program once more in a role of the attack's own, with the
// flags of clone(2) given, and prints how it ended.
func again(role string, flags uintptr) {
	cmd := exec.Command("/proc/self/exe", role)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if flags&unix.CLONE_NEWUSER != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{Size: 1}}
	}
	tried("run "+role, cmd.Run())
}

// nested runs a role as root of a user namespace of its own, with mounts of its own.
func nested(role string) { again(role, unix.CLONE_NEWUSER|unix.CLONE_NEWNS) }
