package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Makes its calls by the numbers of the x32 ABI.
func attack(where string) {
	if where == "host" || where == "container" {
		for _, nr := range []uintptr{unix.SYS_GETPID, unix.SYS_KEYCTL, unix.SYS_CLONE} {
			again(fmt.Sprint(nr), 0)
		}
		return
	}
	if runtime.GOARCH != "amd64" {
		say("signal: bad system call", "there is no such ABI here")
		return
	}
	var nr uintptr
	fmt.Sscan(where, &nr)
	_, _, errno := unix.RawSyscall(nr|0x40000000, 0, 0, 0)
	tried("call by x32", errno)
}
