package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

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
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt)

	h, _ := os.Hostname()
	fmt.Println("hostname:", h, "pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("service")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname:", h)

	fmt.Println("press Ctrl-C to stop")
	<-stop
}
