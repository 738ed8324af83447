// A program that starts itself a second time, in namespaces of its own: its
// child is the first process of a container with its own pids and hostname.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run decides which of the two this run is. It returns the exit code with
// which the program shall end.
func run() (int, error) {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		return 0, child()
	}
	return parent()
}

// child is the second run, which the parent has started: the container.
func child() error {
	// TODO step 1: in place of the line below: print the hostname and the pid.
	fmt.Printf("child: hello, my pid is %d\n", os.Getpid())

	// TODO step 3: give the container a hostname of its own, then ask for the
	// hostname again and print it.

	return nil
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	// TODO step 2: have the child created in a new PID namespace and a new UTS
	// namespace.

	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the child: %w", err)
	}

	// Wait calls every exit code but 0 an error. To this program it is an answer.
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the child: %w", err)
	}

	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	return code, nil
}

// TODO step 4: done with steps 1 to 3? Build, run and test it all:
// make run STEP=03
// make check STEP=03
