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
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func child() {
	hostname, _ := os.Hostname()
	fmt.Printf("Child: %s (%d)\n", hostname, os.Getpid())

	_ = os.WriteFile("/etc/hostname", []byte("container\n"), 0o644)

	hostname, _ = os.Hostname()
	fmt.Printf("Child: %s (%d)\n", hostname, os.Getpid())
}
