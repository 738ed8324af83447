package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("child: hello! pid", os.Getpid())
		return
	}
	fmt.Println("parent: pid", os.Getpid())

	// a clock for later exercises
	if err := exec.Command("sleep", "infinity").Start(); err != nil {
		fmt.Println("clock:", err)
		os.Exit(1)
	}

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	code := cmd.ProcessState.ExitCode()
	fmt.Println("parent: exit code", code)
	os.Exit(code)
}
