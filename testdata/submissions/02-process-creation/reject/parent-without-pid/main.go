package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Printf("child: hello (%d)\n", os.Getpid())
		return
	}
	fmt.Println("parent: here I am")
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.Run()
	code := cmd.ProcessState.ExitCode()
	fmt.Printf("parent: child exited (%d)\n", code)
	os.Exit(code)
}
