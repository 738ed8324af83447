package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

var childMode = len(os.Args) > 1 && os.Args[1] == "child"

func main() {
	if !childMode {
		cmd := exec.Command("/proc/self/exe", "child")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
		if err := cmd.Run(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}

	host, _ := os.Hostname()
	fmt.Println("hostname:", host)
	fmt.Println("pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("contianer")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("hostname: container")
}
