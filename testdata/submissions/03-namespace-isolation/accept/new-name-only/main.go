package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		runContainer()
		return
	}
	setUp()
	fmt.Println("Container")
	name, _ := os.Hostname()
	fmt.Println("  Hostname:", name)
	fmt.Println("  PID:", os.Getpid())
}

func setUp() {
	if err := syscall.Sethostname([]byte("fresh")); err != nil {
		fmt.Println("Sethostname:", err)
		os.Exit(1)
	}
}

func runContainer() {
	cmd := exec.Command(os.Args[0], "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println("Run:", err)
		os.Exit(1)
	}
}
