package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func spawn(stage string, flags uintptr) {
	cmd := exec.Command("/proc/self/exe", stage)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	if err := cmd.Run(); err != nil {
		fmt.Println(stage, err)
		os.Exit(1)
	}
}

func main() {
	stage := "start"
	if len(os.Args) > 1 {
		stage = os.Args[1]
	}
	switch stage {
	case "start":
		spawn("namespaces", syscall.CLONE_NEWPID|syscall.CLONE_NEWUTS)
	case "namespaces":
		show()
		spawn("hostname", syscall.CLONE_NEWUTS)
	case "hostname":
		if err := syscall.Sethostname([]byte("too-deep")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		show()
	}
}

func show() {
	h, _ := os.Hostname()
	fmt.Println(os.Getpid(), h)
}
