package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Unshareflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
	}
	if err := cmd.Run(); err != nil {
		fmt.Println("container failed:", err)
		os.Exit(1)
	}
}

func child() {
	hostname, _ := os.Hostname()
	fmt.Println("Hostname:", hostname)
	fmt.Println("Pid:", os.Getpid())

	if err := syscall.Sethostname([]byte("unshared")); err != nil {
		fmt.Println("sethostname failed:", err)
		os.Exit(1)
	}
	hostname, _ = os.Hostname()
	fmt.Println("Hostname:", hostname)
}
