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
			fmt.Println("child:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(); err != nil {
		fmt.Println("run:", err)
		os.Exit(1)
	}
}

func run() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	return cmd.Run()
}

func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname:", hostname)
	fmt.Println("pid:", os.Getpid())

	if err := syscall.Sethostname([]byte("brand-new")); err != nil {
		return err
	}
	fmt.Println("hostname:", hostname)
	return nil
}
