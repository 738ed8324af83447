package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		container()
		return
	}
	c := exec.Command("/proc/self/exe", "child")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func container() {
	h, _ := os.Hostname()
	fmt.Println("was:", h)
	if err := syscall.Sethostname([]byte("web-1")); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("is:", h)
}
