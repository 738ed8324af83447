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
	}
}

func run() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscal.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Run(); err != nil {
		return err
	}
}

func child() {
	hostname, err := os.Hostname()
	fmt.Println(hostname, os.Getpid())
	syscall.Sethostname("container")
}
