package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	if os.Args[1] == "child" {
		fmt.Fprintln(os.Stderr, "child:", child(os.Args[2], os.Args[3:]))
		os.Exit(1)
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	cmd.Run()
	os.Exit(cmd.ProcessState.ExitCode())
}

func child(image string, command []string) error {
	image = "/fs/" + image + "/rootfs"
	if err := syscall.Sethostname([]byte("layered")); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	// Only this mount namespace sees the tmpfs: it goes with the container.
	if err := syscall.Mount("scratch", "/tmp", "tmpfs", 0, "size=8m"); err != nil {
		return err
	}
	for _, dir := range []string{"/tmp/upper", "/tmp/work", "/tmp/merged"} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
	}
	options := "lowerdir=" + image + ":/usr,upperdir=/tmp/upper,workdir=/tmp/work"
	if err := syscall.Mount("overlay", "/tmp/merged", "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay: %w", err)
	}
	if err := os.WriteFile("/tmp/merged/etc/hostname", []byte("layered\n"), 0o644); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/tmp/merged/proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := syscall.Chdir("/tmp/merged"); err != nil {
		return err
	}
	if err := syscall.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return err
	}
	if err := syscall.Chdir("/"); err != nil {
		return err
	}
	return syscall.Exec(command[0], command, os.Environ())
}
