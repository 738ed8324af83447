package main

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if unix.Getpid() == 1 {
		child()
		return
	}
	pid, err := syscall.ForkExec("/proc/self/exe", os.Args, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{uintptr(unix.Stdin), uintptr(unix.Stdout), uintptr(unix.Stderr)},
		Sys:   &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS},
	})
	if err != nil {
		panic(err)
	}
	var info unix.Siginfo
	for {
		err = unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED, nil)
		if err != unix.EINTR {
			break
		}
	}
	if err != nil {
		panic(err)
	}
}

func nodename() []byte {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		panic(err)
	}
	return bytes.TrimRight(u.Nodename[:], "\x00")
}

func child() {
	out, err := unix.FcntlInt(uintptr(unix.Stdout), unix.F_DUPFD_CLOEXEC, 100)
	if err != nil {
		panic(err)
	}
	line := func() {
		parts := [][]byte{[]byte("uts "), nodename(), []byte(" pid "), strconv.AppendInt(nil, int64(unix.Getpid()), 10), []byte("\n")}
		if _, err := unix.Writev(out, parts); err != nil {
			panic(err)
		}
	}
	line()
	if err := unix.Sethostname([]byte("vectors")); err != nil {
		panic(err)
	}
	line()
}
