package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		if err := syscall.Sethostname([]byte("1")); err != nil {
			panic(err)
		}
		name, _ := os.Hostname()
		fmt.Println("hostname", name)
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}
