package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

const namespaces = syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID

func main() {
	runtime.LockOSThread()
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}

	_ = syscall.Unshare(namespaces)

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println("child:", err)
		os.Exit(1)
	}
}

func child() {
	host, _ := os.Hostname()
	fmt.Println("Inside. Host:", host, "Pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("inside")); err != nil {
		fmt.Println("sethostname:", err)
		os.Exit(1)
	}
	host, _ = os.Hostname()
	fmt.Println("Inside. Host:", host)
}
