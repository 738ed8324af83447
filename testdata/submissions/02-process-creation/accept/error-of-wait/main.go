package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "child" {
		err = child()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child() error {
	_, err := fmt.Println("Hello from child process", os.Getpid())
	return err
}

func run() error {
	fmt.Println("Hello from parent process", os.Getpid())

	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %w", err)
	}

	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("wait %w", err)
	}

	fmt.Printf("Container exited with exit code %d\n", cmd.ProcessState.ExitCode())
	return nil
}
