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
		show()
		check(syscall.Sethostname([]byte("leaky-pipe")))
		show()
		return
	}

	r, w, err := os.Pipe()
	check(err)
	defer r.Close()
	defer w.Close()

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = w
	cmd.Stderr = w
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	check(cmd.Start())

	_, err = io.Copy(os.Stdout, r)
	check(err)
	check(cmd.Wait())
}

func show() {
	h, err := os.Hostname()
	check(err)
	fmt.Printf("%s/%d\n", h, os.Getpid())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
