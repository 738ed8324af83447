package main

import (
	"fmt"
	"os"
	"os/exec"
)

func main() {
	switch os.Args[0] {
	case "child":
		fmt.Println("hello from child, pid", os.Getpid())
	default:
		os.Exit(parent())
	}
}

func parent() int {
	command := exec.Command("/proc/self/exe", "child")
	command.Stdin = os.Stdin
	command.Stdout = os.Stdout
	command.Stderr = os.Stderr
	err := command.Run()
	if err != nil {
		return 1
	}
	return 0
}
