package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// cache keeps everything that was ever made.
var cache [][]byte

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println("container:", err)
		os.Exit(1)
	}
}

func child() {
	h, _ := os.Hostname()
	fmt.Println("hostname", h, "pid", os.Getpid())
	if err := syscall.Sethostname([]byte("hungry")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname", h)

	for len(cache) < 32 {
		block := make([]byte, 64<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 0xff
		}
		cache = append(cache, block)
	}
	fmt.Println("cached", len(cache), "blocks")
}
