package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// As isolated as can be.
const flags = syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_FS

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child() error {
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println(h, os.Getpid())
	if err := syscall.Sethostname([]byte("locked-up")); err != nil {
		return err
	}
	if h, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Println(h, os.Getpid())
	return nil
}
