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
	run()
}

func run() {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Start(); err != nil {
		fmt.Println("start", err)
		os.Exit(1)
	}
	fmt.Println("child pid:", cmd.Process.Pid)
	if err := cmd.Wait(); err != nil {
		fmt.Println("wait", err)
		os.Exit(1)
	}
}

func child() {
	hostname, _ := os.Hostname()
	fmt.Println("child hostname:", hostname)
	if err := syscall.Sethostname([]byte("kid")); err != nil {
		fmt.Println("sethostname", err)
		os.Exit(1)
	}
	hostname, _ = os.Hostname()
	fmt.Println("child hostname:", hostname)
}
