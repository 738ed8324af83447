package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child(os.Args[2:])
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func child(names []string) {
	before, _ := os.Hostname()
	fmt.Println("I am on", before)
	if err := syscall.Sethostname([]byte("panicky")); err != nil {
		panic(err)
	}
	after, _ := os.Hostname()
	fmt.Println("I am on", after)
	fmt.Println("and", names[0])
}
