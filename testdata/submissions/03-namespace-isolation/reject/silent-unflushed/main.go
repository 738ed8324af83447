package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

var out = bufio.NewWriter(os.Stdout)

func main() {
	defer out.Flush()
	if len(os.Args) > 1 && os.Args[1] == "child" {
		os.Exit(child())
	}
	os.Exit(run())
}

func run() int {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprintln(out, "done")
	return 0
}

func child() int {
	h, err := os.Hostname()
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprintf(out, "host %s\npid %d\n", h, os.Getpid())
	if err := syscall.Sethostname([]byte("buffered")); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	if h, err = os.Hostname(); err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	fmt.Fprintf(out, "host %s\n", h)
	return 0
}
