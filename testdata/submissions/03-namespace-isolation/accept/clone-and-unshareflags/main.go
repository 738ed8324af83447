package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func usage(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%T: %v\n", err, err)
		os.Exit(1)
	}
}

func main() {
	if os.Getpid() != 1 {
		c := exec.Command("/proc/self/exe")
		c.Stdout = os.Stdout
		c.Stderr = os.Stderr
		c.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:   syscall.CLONE_NEWPID,
			Unshareflags: syscall.CLONE_NEWUTS,
		}
		usage(c.Run())
		return
	}
	name, err := os.Hostname()
	usage(err)
	usage(syscall.Sethostname([]byte("inner-" + name)))
	renamed, err := os.Hostname()
	usage(err)
	fmt.Printf("%d %s %s\n", os.Getpid(), name, renamed)
}
