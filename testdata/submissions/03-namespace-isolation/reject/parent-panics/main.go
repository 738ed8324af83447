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
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}

	fmt.Println("starting child with pid", cmd.Process.Pid)
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("child with pid", os.Getpid(), "and hostname", h)
	if err := syscall.Sethostname([]byte("never-seen")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname", h)
}
