package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		h, _ := os.Hostname()
		fmt.Println("hostname", h)
		fmt.Println("pid 1")
		if err := syscall.Sethostname([]byte("knows-better")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		h, _ = os.Hostname()
		fmt.Println("hostname", h)
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
