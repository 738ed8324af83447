package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	var err error
	switch len(os.Args) {
	case 1:
		err = parent()
	default:
		err = child(os.Args[1])
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func parent() error {
	cmd := exec.Command("/proc/self/exe", "workshop")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	return cmd.Run()
}

func child(name string) error {
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname is", h, "and pid is", os.Getpid())
	if err := syscall.Setdomainname([]byte(name)); err != nil {
		return err
	}
	h, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname is", h)
	return nil
}
