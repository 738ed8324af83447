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
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println("container:", err)
		os.Exit(1)
	}
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("hostname", h, "pid", os.Getpid())
	if err := syscall.Sethostname([]byte("crowd")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname", h)

	for n := 0; n < 1000; n++ {
		if err := exec.Command("sleep", "1000").Start(); err != nil {
			fmt.Println("no more workers:", err)
			os.Exit(1)
		}
	}
}
