package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread()
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Println("run:", err)
		os.Exit(1)
	}
}

func child() error {
	// Enter the namespace.
	fd, err := unix.Open("/proc/self/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if err := unix.Setns(fd, unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println(h, os.Getpid())
	if err := unix.Sethostname([]byte("entered")); err != nil {
		return fmt.Errorf("sethostname: %w", err)
	}
	if h, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Println(h)
	return nil
}
