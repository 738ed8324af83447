package main

import (
	"log"
	"os"
	"os/exec"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		log.Println("hello, child here, pid", os.Getpid())
		return
	}
	log.Println("parent here, pid", os.Getpid())
	c := exec.Command("/proc/self/exe", "child")
	c.Stdin = os.Stdin
	c.Stdout = os.Stdout
	c.Stderr = os.Stderr
	c.Run()
	log.Println("child's exit code:", c.ProcessState.ExitCode())
}
