package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if os.Args[1] == "child" {
		fmt.Printf("child: %d\n", os.Getpid())
		return
	}
	fmt.Printf("parent: %d\n", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	_ = cmd.Run()
	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	os.Exit(code)
}
