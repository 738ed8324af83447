package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("Hello from child with pid", os.Getppid())
		return
	}
	fmt.Println("Hello from parent with pid", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.Run()
	code := cmd.ProcessState.ExitCode()
	fmt.Println("Child exited with", code)
	os.Exit(code)
}
