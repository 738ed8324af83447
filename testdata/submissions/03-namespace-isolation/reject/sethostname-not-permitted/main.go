package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "run:", err)
		os.Exit(1)
	}
}

// run needs no sudo: a user namespace may be made by anyone.
func run() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	return cmd.Run()
}

func child() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("uid %d, pid %d, hostname %s\n", os.Getuid(), os.Getpid(), name)
	if err := syscall.Sethostname([]byte("rootless")); err != nil {
		return fmt.Errorf("set hostname: %w", err)
	}
	name, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("hostname %s\n", name)
	return nil
}
