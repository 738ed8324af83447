package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello, I am", os.Getpid())
		return
	}
	fmt.Println("parent, I am", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stderr = os.Stderr
	cmd.Run()
	code := cmd.ProcessState.ExitCode()
	fmt.Println("exit code", code)
	os.Exit(code)
}
