package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "child" {
		err = child()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run() error {
	fmt.Println("parent, pid", os.Getpid())
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := cmd.Wait(); err != nil {
		return err
	}
	fmt.Println("exit code", cmd.ProcessState.ExitCode())
	return nil
}

func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("child, pid", os.Getpid(), "hostname", hostname)
	//TODO: set the hostname
	return nil
}
