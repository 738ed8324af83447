package main

import (
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Never ends, whatever signal comes, and has others that do not either: in
// sessions, PID namespaces and user namespaces of their own.
func attack(where string) {
	signal.Ignore()
	if where == "container" {
		for _, flags := range []uintptr{0, unix.CLONE_NEWPID, unix.CLONE_NEWUSER | unix.CLONE_NEWPID, unix.CLONE_NEWNS} {
			cmd := exec.Command("/proc/self/exe", "sleep")
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: flags}
			tried("leave a sleeper", cmd.Start())
		}
		for range 4 { // and some that stand still
			pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
			if errno == 0 && pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_KILL, 0, uintptr(unix.SIGSTOP), 0)
					unix.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
				}
			}
		}
	}
	if where != "host" {
		time.Sleep(100 * time.Hour)
	}
}
