package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if os.Getenv("INSIDE") == "" {
		outside()
	} else {
		inside()
	}
}

func outside() {
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), "INSIDE=true")
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("The container's pid is 1.")
}

func inside() {
	h, _ := os.Hostname()
	fmt.Println("In the container on", h)
	if err := syscall.Sethostname([]byte("textual")); err != nil {
		fmt.Println(err)
		os.Exit(2)
	}
	h, _ = os.Hostname()
	fmt.Println("In the container on", h)
}
