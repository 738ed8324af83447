package main

import (
	"fmt"
	"os"
	"syscall"
	"unsafe"
)

//go:norace
func forkExec(path *byte, argv, envv **byte) (int, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return int(pid), errno
	}
	syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(argv)), uintptr(unsafe.Pointer(envv)))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT, 127, 0, 0)
	}
}

func parent() int {
	fmt.Println("parent is", os.Getpid())
	path, _ := syscall.BytePtrFromString("/proc/self/exe")
	argv, _ := syscall.SlicePtrFromStrings([]string{"rawfork", "child"})
	envv, _ := syscall.SlicePtrFromStrings(os.Environ())

	syscall.ForkLock.Lock()
	pid, errno := forkExec(path, &argv[0], &envv[0])
	syscall.ForkLock.Unlock()
	if errno != 0 {
		fmt.Println("fork:", errno)
		return 1
	}
	var ws syscall.WaitStatus
	for {
		if _, err := syscall.Wait4(pid, &ws, 0, nil); err == nil {
			break
		} else if err != syscall.EINTR {
			fmt.Println("wait:", err)
			return 1
		}
	}
	fmt.Println("child was", pid, "and returned", ws.ExitStatus())
	return ws.ExitStatus()
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "child" {
		fmt.Println("child says hello and is", os.Getpid())
		return
	}
	os.Exit(parent())
}
