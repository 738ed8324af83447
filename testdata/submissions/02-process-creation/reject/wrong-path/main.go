package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("child says hello, pid:", os.Getpid())
		return
	}
	fmt.Println("parent, pid:", os.Getpid())
	cmd := exec.Command("/proc/self/exec", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
	fmt.Println("exit code:", cmd.ProcessState.ExitCode())
}
