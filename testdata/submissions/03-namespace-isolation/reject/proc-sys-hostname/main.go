package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const hostnameFile = "/proc/sys/kernel/hostname"

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
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func child() {
	show()
	f, err := os.OpenFile(hostnameFile, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteString("procname\n")
		f.Close()
	}
	if err != nil {
		fmt.Println("could not rename:", err)
	}
	show()
}

func show() {
	b, err := os.ReadFile(hostnameFile)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Printf("hostname: %spid: %d\n", b, os.Getpid())
}
