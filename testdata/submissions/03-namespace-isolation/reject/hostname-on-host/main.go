package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		h, _ := os.Hostname()
		fmt.Println("I am the child. hostname:", h, "pid:", os.Getpid())
		return
	}

	// give the container its name
	if err := syscall.Sethostname([]byte("my-container")); err != nil {
		fmt.Println("could not set the hostname:", err)
		os.Exit(1)
	}

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
	}
	if err := cmd.Run(); err != nil {
		fmt.Println("could not run the child:", err)
		os.Exit(1)
	}
}
