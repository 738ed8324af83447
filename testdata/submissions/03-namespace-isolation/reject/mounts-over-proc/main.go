package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		syscall.Sethostname([]byte("inner"))
		h, _ := os.Hostname()
		fmt.Println(h, os.Getpid())
		return
	}
	c := exec.Command("/proc/self/exe", "child")
	c.Stdout = os.Stdout
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		panic(err)
	}
	for _, p := range []string{"/proc", "/dev/pts"} {
		fmt.Println(p, syscall.Unmount(p, 2), syscall.Mount("evil", p, "tmpfs", 0, ""))
	}
}
