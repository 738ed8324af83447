package main

import (
	"fmt"
	"log"
	"os"
	"os/exec"
)

func main() {
	switch {
	case len(os.Args) > 1 && os.Args[1] == "child":
		fmt.Println("this is the child, pid", os.Getpid())
	default:
		fmt.Println("this is the parent, pid", os.Getpid())
		again("chlid")
	}
}

func again(argument string) {
	cmd := exec.Command("/proc/self/exe", argument)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		log.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		log.Print(err)
	}
	code := cmd.ProcessState.ExitCode()
	fmt.Println("Container exited with exit code", code)
	os.Exit(code)
}
