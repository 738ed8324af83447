package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		must(child())
		return
	}
	must(parent())
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parent() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	if err := syscall.Unshare(syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("hostname %s, pid %d\n", hostname, os.Getpid())
	if err := syscall.Sethostname([]byte("unshared")); err != nil {
		return err
	}
	if hostname, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Printf("hostname %s\n", hostname)
	return nil
}
