package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == "init" {
		initialise()
		os.Exit(0)
	}
	c := exec.Command("/proc/self/exe", "init")
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNS | // namespaces!
			syscall.CLONE_NEWIPC | // process isolation
			syscall.CLONE_NEWNET, // hostname
	}
	if e := c.Run(); e != nil {
		fmt.Fprintf(os.Stderr, "cannot run container: %s\n", e)
		os.Exit(1)
	}
}

func initialise() {
	host, _ := os.Hostname()
	fmt.Printf("%-8s | %s\n%-8s | %d\n", "host", host, "pid", os.Getpid())
	if e := syscall.Sethostname([]byte("box-on-net")); e != nil {
		fmt.Fprintf(os.Stderr, "cannot set hostname: %s\n", e)
		os.Exit(1)
	}
	host, _ = os.Hostname()
	fmt.Printf("%-8s | %s\n", "host", host)
}
