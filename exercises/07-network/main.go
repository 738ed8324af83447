// A program that runs a command in a container: in namespaces of its own, where
// an image's files are all the files that there are, with a network of its own.
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

	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}

	// TODO step 2: wait until the parent has laid the cable: a byte comes on
	// descriptor 3. Close that. Then give this end its address and bring it up.

	// TODO step 3: bring up lo, and have all that is for elsewhere go to 10.0.0.1.

	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")

	// TODO step 5: say in the image's /etc/resolv.conf which server knows names.

	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("change the root to %s: %w", rootfs, err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("move into the new root: %w", err)
	}

	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}

	command := os.Args[3:]
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	if err := syscall.Exec(path, command, os.Environ()); err != nil {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil // not reached: this process is the command now
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	if len(os.Args) < 4 || os.Args[1] != "run" {
		return 0, fmt.Errorf("usage: %s run IMAGE COMMAND [ARGS...]", os.Args[0])
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		// TODO step 1: in place of the line below: ask for a new network namespace too.
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
	}

	// TODO step 4: have the host forward packets, and translate the addresses of
	// those that come from containers. Take back the latter when this function ends.

	// TODO step 2: make a pipe, and hand the end for reading on to the child, where
	// it shall be descriptor 3: ExtraFiles.

	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the child: %w", err)
	}

	// TODO step 2: lay the cable. If that went well write a byte into the pipe. Close
	// the pipe in any case: then the child does not wait in vain.

	// Wait calls every exit code but 0 an error. To this program it is an answer.
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the child: %w", err)
	}

	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	return code, nil
}

// TODO step 2: two functions. One makes a pair of interfaces, one end here and the
// other in the child's network namespace, and sets this end up. The other one, which
// both sides need, gives an interface an address and brings it up.

// TODO step 4: two more functions. One sets ip_forward, and makes a table of the
// packet filter with a rule in it that masquerades what comes from 10.0.0.0/24. The
// other one deletes the table.

// TODO step 6: done with steps 1 to 5? Build, run and test it all:
// make run STEP=07 ARGS='run busybox /bin/sh'
// make check STEP=07
