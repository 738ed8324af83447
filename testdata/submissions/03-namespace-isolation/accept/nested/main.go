package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

// depth counts how many containers are around us.
func depth() int {
	n, _ := strconv.Atoi(os.Getenv("DEPTH"))
	return n
}

func main() {
	if depth() == 2 {
		h, err := os.Hostname()
		exitOn(err)
		fmt.Println("hostname", h)
		fmt.Println("pid", os.Getpid())
		exitOn(syscall.Sethostname([]byte("matryoshka")))
		h, err = os.Hostname()
		exitOn(err)
		fmt.Println("hostname", h)
		return
	}
	c := exec.Command("/proc/self/exe")
	c.Env = append(os.Environ(), fmt.Sprintf("DEPTH=%d", depth()+1))
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	exitOn(c.Run())
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
