package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Printf("Child %d says hello\n", os.Getpid())
		return
	}
	fmt.Printf("Parent %d\n", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("Child exited: %d\n", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
