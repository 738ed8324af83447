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
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	cmd.Run()
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("Old hostname:", h, "PID:", os.Getpid())

	syscall.Sethostname([]byte("this-is-the-container-of-the-third-exercise-of-the-workshop.example.org"))

	h, _ = os.Hostname()
	fmt.Println("New hostname:", h)
}
