package main

import (
	"fmt"
	"os"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("hello from", os.Getpid())
		return
	}
	fmt.Println("parent is", os.Getpid())
	p, err := os.StartProcess("/proc/self/exe", []string{"self", "child"}, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout},
	})
	if err != nil {
		panic(err)
	}
	s, err := p.Wait()
	if err != nil {
		panic(err)
	}
	fmt.Println("exit code", s.ExitCode())
	os.Exit(s.ExitCode())
}
