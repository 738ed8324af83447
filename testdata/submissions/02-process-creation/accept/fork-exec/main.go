package main

import (
	"fmt"
	"os"
	"syscall"
)

func child() {
	fmt.Printf("[%d] hello\n", syscall.Getpid())
}

func parent() (status syscall.WaitStatus, err error) {
	fmt.Printf("[%d] parent\n", syscall.Getpid())

	pid, err := syscall.ForkExec("/proc/self/exe", []string{"a.out", "child"}, &syscall.ProcAttr{
		Env:   syscall.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return 0, os.NewSyscallError("fork", err)
	}
	for {
		_, err = syscall.Wait4(pid, &status, 0, nil)
		if err != syscall.EINTR {
			return status, os.NewSyscallError("wait", err)
		}
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	status, err := parent()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := status.ExitStatus()
	if status.Signaled() {
		code = 128 + int(status.Signal())
	}
	fmt.Printf("[%d] status %d\n", syscall.Getpid(), code)
	os.Exit(code)
}
