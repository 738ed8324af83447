package main

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

func main() {
	mode := "run"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	switch mode {
	case "run":
		run()
	case "child":
		child()
	case "monitor":
		monitor()
	}
}

func run() {
	mon := exec.Command("/proc/self/exe", "monitor")
	mon.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := mon.Start(); err != nil {
		fmt.Println("monitor:", err)
		os.Exit(1)
	}
	mon.Process.Release()

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
	fmt.Println("hostname:", h, "pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("monitored")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	h, _ = os.Hostname()
	fmt.Println("hostname:", h)
}

// monitor watches over the containers, for ever.
func monitor() {
	c := make(chan os.Signal, 1)
	signal.Notify(c)
	for range c {
	}
}
