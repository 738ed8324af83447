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
	if err := syscall.Chroot(image); err != nil {
		return err
	}
	if err := syscall.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := syscall.Unmount("/proc", 0); err != nil {
		return err
	}
	return syscall.Exec(command[0], command, os.Environ())
}
