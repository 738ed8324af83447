package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("Hello, I am the child. PID", os.Getpid())
		return
	}
	fmt.Println("I am the parent. PID", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	fmt.Println("Exit code: 3")
	os.Exit(3)
}
