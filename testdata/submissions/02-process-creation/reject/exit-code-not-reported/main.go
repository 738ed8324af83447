package main

import (
	"fmt"
	"os"
	"os/exec"
)

func must(err error) {
	if _, ok := err.(*exec.ExitError); err != nil && !ok {
		panic(err)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello from child", os.Getpid())
		return
	}
	fmt.Println("hello from parent", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	must(cmd.Start())
	must(cmd.Wait())
	fmt.Println("done")
}
