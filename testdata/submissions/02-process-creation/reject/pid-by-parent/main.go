package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello from the child")
		return
	}
	fmt.Println("parent", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("started", cmd.Process.Pid)
	cmd.Wait()
	fmt.Println("ended", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
