package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Printf("hello, pid=%s\n", os.Getenv("PID"))
		os.Exit(0)
	}
	os.Setenv("PID", strconv.Itoa(os.Getpid()))
	fmt.Printf("parent, pid=%s\n", os.Getenv("PID"))

	c := exec.Command("/proc/self/exe", "child")
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := c.Start(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	c.Wait()
	fmt.Printf("exit code %d\n", c.ProcessState.ExitCode())
	os.Exit(c.ProcessState.ExitCode())
}
