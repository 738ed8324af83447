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
	"path/filepath"
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

	// step 2 begin: cut the mounts of this namespace off from the host's: make /
	// private, with all that is mounted below it.
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	// step 2 end

	// step 3 begin: make the image's root file system, /fs/IMAGE/rootfs, this
	// process's root directory, and move into it.
	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")
	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("change the root to %s: %w", rootfs, err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("move into the new root: %w", err)
	}
	// step 3 end

	// step 4 begin: mount a proc file system on /proc.
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}
	// step 4 end

	// step 1 begin: in place of the line below: become the command, which comes
	// after the image's name in the child's arguments, with arguments of its own.
	command := os.Args[3:]
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	if err := syscall.Exec(path, command, os.Environ()); err != nil {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil // not reached: this process is the command now
	// step 1 else
	// return nil
	// step 1 end
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	// step 1 begin: in place of the line below: the parent is started with "run
	// IMAGE COMMAND ARGS...". Hand all that follows "run" on to the child; if
	// there is less than a command, say how the program is used.
	if len(os.Args) < 4 || os.Args[1] != "run" {
		return 0, fmt.Errorf("usage: %s run IMAGE COMMAND [ARGS...]", os.Args[0])
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	// step 1 else
	// cmd := exec.Command("/proc/self/exe", "child")
	// step 1 end
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		// step 2 begin: in place of the line below: ask for a new mount namespace too.
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
		// step 2 else
		// Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
		// step 2 end
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

// step 5 begin: done with steps 1 to 4? Build, run and test it all:
// make run STEP=04 ARGS='run busybox /bin/sh'
// make check STEP=04
// step 5 end
