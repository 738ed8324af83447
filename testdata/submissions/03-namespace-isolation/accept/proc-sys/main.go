package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

var (
	stdin  = os.Stdin
	stdout = os.Stdout
	stderr = os.Stderr
)

func cat(file string) error {
	c := exec.Command("cat", file)
	c.Stdin, c.Stdout, c.Stderr = stdin, stdout, stderr
	return c.Run()
}

func main() {
	switch {
	case len(os.Args) < 2:
		c := exec.Command("/proc/self/exe", "2")
		c.Stdin, c.Stdout, c.Stderr = stdin, stdout, stderr
		c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
		if err := c.Run(); err != nil {
			fmt.Fprintln(stderr, "run:", err)
			os.Exit(1)
		}
	case os.Args[1] == "2":
		fmt.Fprintln(stdout, "my pid is", os.Getpid(), "and my hostname")
		if err := cat("/proc/sys/kernel/hostname"); err != nil {
			os.Exit(1)
		}
		if err := syscall.Sethostname([]byte("cat-box")); err != nil {
			fmt.Fprintln(stderr, "sethostname:", err)
			os.Exit(1)
		}
		fmt.Fprintln(stdout, "and now")
		if err := cat("/proc/sys/kernel/hostname"); err != nil {
			os.Exit(1)
		}
	default:
		fmt.Fprintln(stderr, "usage:", os.Args[0])
		os.Exit(2)
	}
}
