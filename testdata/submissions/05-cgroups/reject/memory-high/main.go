package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

const group = "/sys/fs/cgroup/box"

func main() {
	if len(os.Args) < 4 || os.Args[1] != "run" && os.Args[1] != "child" {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	if os.Args[1] == "child" {
		fmt.Fprintln(os.Stderr, "child:", child(os.Args[2], os.Args[3:]))
		os.Exit(1)
	}
	code, err := parent(os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func set(dir, file, text string) error {
	return os.WriteFile(filepath.Join(dir, file), []byte(text), 0o644)
}

func parent(args []string) (int, error) {
	if err := os.Mkdir(group, 0o755); err != nil {
		return 0, err
	}
	defer os.Remove(group)
	if err := set(group, "memory.high", "190M"); err != nil {
		return 0, err
	}
	if err := set(group, "cpu.max", "50000 100000"); err != nil {
		return 0, err
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func child(image string, command []string) error {
	if err := set(group, "cgroup.procs", "0"); err != nil {
		return fmt.Errorf("group: %w", err)
	}
	if err := syscall.Sethostname([]byte("limited")); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	if err := syscall.Chroot(filepath.Join("/fs", image, "rootfs")); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	return syscall.Exec(command[0], command, os.Environ())
}
