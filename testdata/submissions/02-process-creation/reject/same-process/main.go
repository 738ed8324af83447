package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	fmt.Println("Parent process:", os.Getpid())
	done := make(chan int)
	go func() {
		child()
		done <- 0
	}()
	fmt.Println("Container exited with exit code", <-done)
}

func child() {
	fmt.Println("Hello from child process:", os.Getpid())
}
