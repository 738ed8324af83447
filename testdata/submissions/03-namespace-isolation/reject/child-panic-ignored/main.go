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
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	_ = cmd.Wait()
}

func child() {
	name, _ := os.Hostname()
	fmt.Printf("pid=%d hostname=%s\n", os.Getpid(), name)
	if err := syscall.Sethostname([]byte("panicky")); err != nil {
		panic(err)
	}
	name, _ = os.Hostname()
	fmt.Printf("pid=%d hostname=%s\n", os.Getpid(), name)

	command := os.Args[2]
	fmt.Println("would run", command)
}
