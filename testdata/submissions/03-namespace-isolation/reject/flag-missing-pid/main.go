package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	if err := run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func run() error {
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS,
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %w", err)
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("wait %w", err)
	}
	fmt.Printf("Container exited with exit code %d\n", cmd.ProcessState.ExitCode())
	return nil
}

func child() {
	hostname, _ := os.Hostname()
	fmt.Printf("hostname: %s, pid: %d\n", hostname, os.Getpid())
	if err := syscall.Sethostname([]byte("devbox")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	hostname, _ = os.Hostname()
	fmt.Printf("hostname: %s\n", hostname)
}
