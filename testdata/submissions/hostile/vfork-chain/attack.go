package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// A chain of vfork(2): each process waits for the next, and the last one
// becomes another program, is killed, or stays.
func attack(where string) {
	runtime.LockOSThread()
	for _, end := range []uintptr{0, uintptr(unix.SIGKILL), uintptr(unix.SIGSEGV)} {
		pid := chain(20, end)
		if pid > 0 {
			var status unix.WaitStatus
			unix.Wait4(pid, &status, unix.WALL, nil)
			say(status, fmt.Sprint("chain that ended by ", end))
		}
	}
}

// chain forks n times in a row; only the last process ends by the signal.
func chain(n int, end uintptr) int {
	for i := range n {
		pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_VFORK, 0, 0)
		if errno != 0 {
			return -1
		}
		if pid != 0 {
			if i == 0 {
				return int(pid)
			}
			for {
				unix.RawSyscall6(unix.SYS_WAIT4, pid, 0, unix.WALL, 0, 0, 0)
				unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
			}
		}
	}
	if end != 0 {
		self, _, _ := unix.RawSyscall(unix.SYS_GETPID, 0, 0, 0)
		unix.RawSyscall(unix.SYS_KILL, self, end, 0)
	}
	for {
		unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
	}
}
