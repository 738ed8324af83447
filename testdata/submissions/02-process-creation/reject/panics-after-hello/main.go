package main

import (
	"fmt"
	"os"
	"os/exec"
)

type state struct{ env map[string]string }

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello from child process", os.Getpid())
		var s state
		s.env["GREETED"] = "yes" // remember it
		return
	}
	fmt.Println("hello from parent process", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	if err := cmd.Run(); cmd.ProcessState == nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("exit code of the child:", cmd.ProcessState.ExitCode())
	os.Exit(cmd.ProcessState.ExitCode())
}
