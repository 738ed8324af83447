package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		h, _ := os.Hostname()
		fmt.Println("child", os.Getpid(), h)
		syscall.Sethostname([]byte("daemon"))
		h, _ = os.Hostname()
		fmt.Println("child", os.Getpid(), h)
		select {} // keep running
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	cmd.Run()
}
