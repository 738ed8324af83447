package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "child":
		before, _ := os.Hostname()
		if err := syscall.Sethostname([]byte("container")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		after, _ := os.Hostname()
		fmt.Printf("child: pid=%d hostname=%s (was %s)\n", os.Getpid(), after, before)
	default:
		fmt.Printf("parent: pid=%d\n", os.Getpid())
		cmd := exec.Command("/proc/self/exe", "child")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{}
		if err := cmd.Run(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
