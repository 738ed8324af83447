package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

func main() {
	if os.Getpid() == 1 {
		inside()
		return
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.Command(self)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}

func inside() {
	current, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("my name is", current, "my number is", os.Getpid())
	if err := syscall.Sethostname([]byte(strings.TrimSpace(current))); err != nil {
		panic(err)
	}
	current, err = os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("my name is", current)
}
