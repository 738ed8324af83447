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
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	must(cmd.Run())
}

func child() {
	for i := 0; i < 16000; i++ {
		fmt.Println("line of noise number", i, "and more of the same, for what it is worth")
	}
	h, err := os.Hostname()
	must(err)
	fmt.Println("before", h, os.Getpid())
	must(syscall.Sethostname([]byte("harbour-7")))
	h, err = os.Hostname()
	must(err)
	fmt.Println("after", h)
}
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
