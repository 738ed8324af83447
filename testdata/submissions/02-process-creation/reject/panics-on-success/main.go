package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("child", os.Getpid())
		return
	}
	fmt.Println("parent", os.Getpid())
	os.Exit(again("child"))
}

func again(args ...string) int {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	code := err.(*exec.ExitError).ExitCode()
	fmt.Println("Container exited with exit code", code)
	return code
}
