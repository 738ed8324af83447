package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello, child's pid is", os.Getpid())
		return
	}
	os.Exit(parent())
}

func parent() int {
	fmt.Println("parent's pid is", os.Getpid())
	dir, err := os.MkdirTemp("", "box-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	if err := syscall.Mount("none", dir, "tmpfs", 0, ""); err != nil {
		fmt.Println("mount:", err)
		return 1
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Dir = dir
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	fmt.Println("the child's exit code is", cmd.ProcessState.ExitCode())
	return cmd.ProcessState.ExitCode()
}
