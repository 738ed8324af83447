package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		child()
	} else {
		parent()
	}
}

func parent() {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	// new hostname
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS,
	}
	// new pids
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID,
	}

	err := cmd.Run()
	if err != nil {
		fmt.Println("ERROR", err)
		os.Exit(1)
	}
}

func child() {
	fmt.Println("pid", os.Getpid())
	n, _ := os.Hostname()
	fmt.Println("hostname", n)
	err := syscall.Sethostname([]byte("new-name"))
	if err != nil {
		fmt.Println("ERROR", err)
		os.Exit(1)
	}
	n, _ = os.Hostname()
	fmt.Println("hostname", n)
}
