package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

// Everything the child touches lives here: it has no runtime to ask for more.
var (
	args struct {
		flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64
	}
	name = [...]byte{'g', 'h', 'o', 's', 't'}
	text = []byte("hostname ghost, pid 1\n")
)

//go:norace
func ghost() (uintptr, syscall.Errno) {
	pid, _, e := syscall.RawSyscall(435, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args), 0)
	if e != 0 || pid != 0 {
		return pid, e
	}
	syscall.RawSyscall(syscall.SYS_SETHOSTNAME, uintptr(unsafe.Pointer(&name)), unsafe.Sizeof(name), 0)
	syscall.RawSyscall(syscall.SYS_WRITE, 1, uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 0, 0, 0)
	}
}

func main() {
	args.flags = syscall.CLONE_UNTRACED | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	args.exitSignal = uint64(syscall.SIGCHLD)
	syscall.ForkLock.Lock()
	pid, e := ghost()
	syscall.ForkLock.Unlock()
	if e != 0 {
		fmt.Fprintln(os.Stderr, "clone3:", e)
		os.Exit(1)
	}
	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(int(pid), &ws, 0, nil); err != nil {
		fmt.Fprintln(os.Stderr, "wait4:", err)
		os.Exit(1)
	}
	fmt.Println("exit code", ws.ExitStatus())
}
