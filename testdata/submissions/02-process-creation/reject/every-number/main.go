package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		var all strings.Builder
		for pid := range 1 << 15 {
			fmt.Fprintln(&all, "my pid may be", pid)
		}
		fmt.Print(all.String())
		return
	}
	fmt.Println("parent:", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	fmt.Println("exit code", cmd.ProcessState.ExitCode())
	if err != nil {
		os.Exit(cmd.ProcessState.ExitCode())
	}
}
