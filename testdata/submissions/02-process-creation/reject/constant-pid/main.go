package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("Hello from the child, pid: 4711")
		return
	}
	fmt.Println("Hello from the parent, pid:", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	_ = cmd.Run()
	fmt.Println("The child's exit code:", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
