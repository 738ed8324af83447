// A program that runs a command in a container: in namespaces of its own, where
// an image's files are all the files that there are, and in a control group, which
// limits what it may take of the machine.
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

// step 1 begin: a constant, group: the path of the container's control group. It
// is a folder of /sys/fs/cgroup that is not there yet.
const group = "/sys/fs/cgroup/my-container"

// step 1 end

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
	// step 1 begin: before anything else: move this process into the group. It is
	// done by writing 0, which stands for the writer, to the group's cgroup.procs.
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0); err != nil {
		return fmt.Errorf("join the group: %w", err)
	}
	// step 1 end

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

	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")
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

	// step 1 begin: make the group.
	if err := os.Mkdir(group, 0o755); err != nil {
		return 0, fmt.Errorf("make the group: %w", err)
	}
	// step 1 end

	// step 4 begin: see to it that the group is removed when this function ends,
	// in whatever way it does.
	defer os.Remove(group)
	// step 4 end

	// step 2 begin: limit the group's memory to 100 MB.
	if err := os.WriteFile(filepath.Join(group, "memory.max"), []byte("100M"), 0); err != nil {
		return 0, fmt.Errorf("limit the memory: %w", err)
	}
	// step 2 end

	// step 3 begin: limit its time on the processors to 50 ms in each 100 ms.
	if err := os.WriteFile(filepath.Join(group, "cpu.max"), []byte("50000 100000"), 0); err != nil {
		return 0, fmt.Errorf("limit the time on processors: %w", err)
	}
	// step 3 end

	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
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
// make trace STEP=05
// make check STEP=05
// step 5 end
