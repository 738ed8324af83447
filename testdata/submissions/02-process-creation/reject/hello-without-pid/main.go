package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		sayHello()
		return
	}
	os.Exit(startChild())
}

func sayHello() {
	fmt.Println("hello world")
}

func startChild() int {
	fmt.Println("my pid:", os.Getpid())
	child := exec.Command("/proc/self/exe", "child")
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := child.Run(); err != nil {
		fmt.Println("problem:", err)
	}
	if child.ProcessState == nil {
		return 1
	}
	return child.ProcessState.ExitCode()
}
