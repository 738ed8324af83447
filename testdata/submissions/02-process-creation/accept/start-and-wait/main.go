package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Printf("Hello from the child! My pid is %d\n", os.Getpid())
		return
	}
	code, err := parent()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func parent() (int, error) {
	fmt.Printf("Hello from the parent! My pid is %d\n", os.Getpid())

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start: %w", err)
	}
	var failed *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &failed) {
		return 0, fmt.Errorf("wait: %w", err)
	}
	fmt.Printf("Container exited with exit code %d\n", cmd.ProcessState.ExitCode())
	return cmd.ProcessState.ExitCode(), nil
}
