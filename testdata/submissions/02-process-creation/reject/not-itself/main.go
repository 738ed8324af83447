package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello from pid", os.Getpid())
		return
	}
	fmt.Println("parent has pid", os.Getpid())
	cmd := exec.Command("/bin/sh", "-c", "echo hello from pid $$")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	fmt.Println("exit code", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
