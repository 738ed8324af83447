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
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	err := cmd.Run()
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("Container exited with exit code", cmd.ProcessState.ExitCode())
}

func child() {
	hostname, _ := os.Hostname()
	fmt.Println("hostname:", hostname)
	fmt.Println("pid:", os.Getpid())
	err := syscall.Sethostname([]byte("mute"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	hostname, _ = os.Hostname()
	fmt.Println("hostname:", hostname)
}
