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
	cmd := exec.Command("./container", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Run(); err != nil {
		fmt.Println("Error running the container:", err)
		os.Exit(1)
	}
}

func child() {
	name, _ := os.Hostname()
	fmt.Printf("Container %s, PID %d\n", name, os.Getpid())
	if err := syscall.Sethostname([]byte("container")); err != nil {
		fmt.Println("Error setting the hostname:", err)
		os.Exit(1)
	}
	name, _ = os.Hostname()
	fmt.Printf("Container %s, PID %d\n", name, os.Getpid())
}
