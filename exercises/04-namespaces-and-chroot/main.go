// A program that runs a command in a container: in namespaces of its own, where
// an image's files are all the files that there are.
//
//	PROGRAM run IMAGE COMMAND [ARGS...]
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
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
	hostname, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the hostname: %w", err)
	}
	fmt.Printf("child: hello, my pid is %d, my hostname %s\n", os.Getpid(), hostname)

	if err := syscall.Sethostname([]byte("my-container")); err != nil {
		return fmt.Errorf("set the hostname: %w", err)
	}
	hostname, err = os.Hostname()
	if err != nil {
		return fmt.Errorf("read the new hostname: %w", err)
	}
	fmt.Printf("child: my hostname is now %s\n", hostname)

	// TODO step 2: cut the mounts of this namespace off from the host's: make /
	// private, with all that is mounted below it.

	// TODO step 3: make the image's root file system, /fs/IMAGE/rootfs, this
	// process's root directory, and move into it.

	// TODO step 4: mount a proc file system on /proc.

	// TODO step 1: in place of the line below: become the command, which comes
	// after the image's name in the child's arguments, with arguments of its own.
	return nil
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	// TODO step 1: in place of the line below: the parent is started with "run
	// IMAGE COMMAND ARGS...". Hand all that follows "run" on to the child; if
	// there is less than a command, say how the program is used.
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		// TODO step 2: in place of the line below: ask for a new mount namespace too.
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
	}

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

// TODO step 5: done with steps 1 to 4? Build, run and test it all:
// make run STEP=04 ARGS='run busybox /bin/sh'
// make check STEP=04
