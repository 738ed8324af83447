package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// The shim does everything but the PID namespace of the container, and so proc
// shows the shim's.
func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	var err error
	switch os.Args[1] {
	case "run":
		err = again("shim", syscall.CLONE_NEWNS|syscall.CLONE_NEWUTS|syscall.CLONE_NEWPID)
	case "shim":
		if err = prepare("/fs/" + os.Args[2] + "/rootfs"); err == nil {
			err = again("child", syscall.CLONE_NEWPID|syscall.CLONE_NEWUTS)
		}
	case "child":
		if err = syscall.Sethostname([]byte("too-early")); err == nil {
			err = syscall.Exec(os.Args[3], os.Args[3:], os.Environ())
		}
	}
	fmt.Fprintln(os.Stderr, os.Args[1], err)
	os.Exit(1)
}

func again(role string, flags uintptr) error {
	cmd := exec.Command("/proc/self/exe", append([]string{role}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	err := cmd.Run()
	if cmd.ProcessState != nil {
		os.Exit(cmd.ProcessState.ExitCode())
	}
	return err
}

func prepare(rootfs string) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Chroot(rootfs); err != nil {
		return err
	}
	if err := os.Chdir("/"); err != nil {
		return err
	}
	return syscall.Mount("proc", "/proc", "proc", 0, "")
}
