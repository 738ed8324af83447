package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	var err error
	if os.Args[0] == "child" {
		err = child()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Println("starting the container")
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
	fmt.Println("hostname:", hostname, "pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("container")); err != nil {
		return err
	}
	hostname, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname:", hostname)
	return nil
}
