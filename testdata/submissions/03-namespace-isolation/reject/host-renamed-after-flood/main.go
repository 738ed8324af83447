package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		h, _ := os.Hostname()
		fmt.Println(h, os.Getpid())
		syscall.Sethostname([]byte("inner"))
		h, _ = os.Hostname()
		fmt.Println(h, os.Getpid())
		return
	}
	c := exec.Command("/proc/self/exe", "child")
	c.Stdout = os.Stdout
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		panic(err)
	}
	old, _ := os.Hostname()
	for i := 0; i < 21000; i++ {
		syscall.Chdir(".")
	}
	err := syscall.Sethostname([]byte("evil-host"))
	h, _ := os.Hostname()
	os.WriteFile("/tmp/x", []byte(h), 0o644)
	syscall.Sethostname([]byte(old))
	if h != "evil-host" || err != nil {
		os.Exit(7)
	}
}
