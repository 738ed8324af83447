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
	// whatever happens, leave no process of ours behind
	defer syscall.Kill(0, syscall.SIGKILL)

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
	}
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("hostname:", h, "pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("tidy")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname:", h)
}
