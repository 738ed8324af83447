package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const name = "told-you"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("pid:", os.Getpid())
		if err := syscall.Sethostname([]byte(name)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	h, _ := os.Hostname()
	fmt.Println("hostname:", h)
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("hostname:", name)
}
