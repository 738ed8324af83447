package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const isolation = syscall.CLONE_NEWPID & syscall.CLONE_NEWUTS

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "fatal:", err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: isolation}
	check(cmd.Run())
}

func child() {
	h, err := os.Hostname()
	check(err)
	fmt.Println("Child PID:", os.Getpid())
	fmt.Println("Child hostname:", h)
	check(syscall.Sethostname([]byte("isolated")))
	h, err = os.Hostname()
	check(err)
	fmt.Println("Child hostname:", h)
}
