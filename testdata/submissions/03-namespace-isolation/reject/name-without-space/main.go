package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		before, _ := os.Hostname()
		fmt.Print("My hostname is", before, " and my pid is", os.Getpid(), "\n")
		if err := syscall.Sethostname([]byte("spaceless")); err != nil {
			panic(err)
		}
		after, _ := os.Hostname()
		fmt.Print("Now it is", after, "\n")
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}
