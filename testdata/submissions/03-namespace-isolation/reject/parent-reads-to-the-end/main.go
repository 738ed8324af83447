package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	out, err := cmd.StdoutPipe()
	if err != nil {
		panic(err)
	}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	text, err := io.ReadAll(out)
	if err != nil {
		panic(err)
	}
	fmt.Printf("the container said:\n%s", text)
}

func child() {
	show()
	if err := syscall.Sethostname([]byte("read-out")); err != nil {
		panic(err)
	}
	show()
}

func show() {
	h, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("hostname", h, "pid", os.Getpid())
}
