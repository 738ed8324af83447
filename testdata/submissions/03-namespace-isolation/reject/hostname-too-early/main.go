package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func init() { runtime.LockOSThread() }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println("run:", err)
		os.Exit(1)
	}
}

func child() {
	fmt.Println("pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("early-bird")); err != nil {
		fmt.Println("sethostname:", err)
		os.Exit(1)
	}
	if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
		fmt.Println("unshare:", err)
		os.Exit(1)
	}
	name, err := os.Hostname()
	if err != nil {
		fmt.Println("hostname:", err)
		os.Exit(1)
	}
	fmt.Println("hostname:", name)
}
