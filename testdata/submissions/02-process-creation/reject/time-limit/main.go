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
		fmt.Println("hello, pid", os.Getpid())
		return
	}
	fmt.Println("parent, pid", os.Getpid())

	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGUSR1) // the child's end

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Run()
	<-ended
	fmt.Println("exit code", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
