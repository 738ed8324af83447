package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	args := os.Args[1:]
	if len(args) == 0 || args[0] != "run" && args[0] != "child" {
		fmt.Fprintln(os.Stderr, "usage: run [-v SRC:DST[:ro]]... IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	volumes := []string{"volume:/volume"}
	rest := args[1:]
	for len(rest) > 1 && rest[0] == "-v" {
		volumes, rest = append(volumes, rest[1]), rest[2:]
	}
	if len(rest) < 2 {
		fmt.Fprintln(os.Stderr, "want an image and a command")
		os.Exit(2)
	}
	image, command := rest[0], rest[1:]
	rootfs := filepath.Join("/fs", image, "rootfs")
	if args[0] == "child" {
		fmt.Fprintln(os.Stderr, "child:", child(rootfs, volumes, command))
		os.Exit(1)
	}
	code, err := parent(rootfs, volumes, args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func parent(rootfs string, volumes, args []string) (int, error) {
	if err := os.MkdirAll("volume", 0o755); err != nil {
		return 0, err
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
	}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func child(rootfs string, volumes, command []string) error {
	if err := syscall.Sethostname([]byte("with-volumes")); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	for _, volume := range volumes {
		if err := mount(rootfs, volume); err != nil {
			return fmt.Errorf("volume %s: %w", volume, err)
		}
	}
	if err := syscall.Chroot(rootfs); err != nil {
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

func mount(rootfs, volume string) error {
	source, target, _ := strings.Cut(volume, ":")
	target, readOnly := strings.CutSuffix(target, ":ro")
	target = filepath.Join(rootfs, target)
	if err := os.MkdirAll(target, 0o755); err != nil {
		return err
	}
	if readOnly {
		if _, err := syscall.Open(source, syscall.O_RDONLY|syscall.O_DIRECTORY, 0); err != nil {
			return err
		}
	}
	if err := syscall.Mount(source, target, "", syscall.MS_BIND, ""); err != nil {
		return err
	}
	if !readOnly {
		return nil
	}
	return syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, "")
}
