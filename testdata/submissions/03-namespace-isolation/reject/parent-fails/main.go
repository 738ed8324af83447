package main

import (
	"fmt"
	"log"
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
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	log.Fatal(cmd.Run())
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("hostname:", h, "pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("fatal")); err != nil {
		log.Fatal(err)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname:", h)
}
