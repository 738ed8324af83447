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
	} else {
		run()
	}
}

func run() {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	cmd.Run()
	fmt.Println("all good")
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("hostname:", h, "pid:", os.Getpid())
	syscall.Sethostname([]byte("failing"))
	h, _ = os.Hostname()
	fmt.Println("hostname:", h)

	if err := os.Chdir("/var/lib/container/rootfs"); err != nil {
		fmt.Println("no root file system:", err)
		os.Exit(3)
	}
}
