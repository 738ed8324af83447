package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

const role = "PROCESS_ROLE"

func main() {
	if os.Getenv(role) == "child" {
		fmt.Printf("%s %d: hello\n", os.Getenv(role), os.Getpid())
		return
	}
	fmt.Printf("parent %d: starting\n", os.Getpid())
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), role+"=child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr

	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		fmt.Printf("parent %d: exit code 0\n", os.Getpid())
	case errors.As(err, &exit):
		fmt.Printf("parent %d: exit code %d\n", os.Getpid(), exit.ExitCode())
		os.Exit(exit.ExitCode())
	default:
		fmt.Printf("parent %d: %v\n", os.Getpid(), err)
		os.Exit(1)
	}
}
