package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fail(child())
		return
	}
	fail(parent())
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parent() error {
	scratch := filepath.Join(os.TempDir(), "scratch")
	if err := os.MkdirAll(scratch, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("scratch", scratch, "tmpfs", 0, "size=1m"); err != nil {
		return fmt.Errorf("mount %s: %w", scratch, err)
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Dir = scratch
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	return cmd.Run()
}

func child() error {
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("pid %d, hostname %s\n", os.Getpid(), h)
	if err := syscall.Sethostname([]byte("scratchy")); err != nil {
		return err
	}
	if h, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Printf("pid %d, hostname %s\n", os.Getpid(), h)
	return nil
}
