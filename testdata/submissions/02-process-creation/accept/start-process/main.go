package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) >= 2 && os.Args[1] == "child" {
		childMain()
	} else {
		os.Exit(parentMain())
	}
}

func childMain() {
	log.Printf("hello, this is process %d", os.Getpid())
}

func parentMain() int {
	log.Printf("this is process %d", os.Getpid())
	proc, err := os.StartProcess("/proc/self/exe", []string{os.Args[0], "child"}, &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		log.Fatal(err)
	}
	state, err := proc.Wait()
	if err != nil {
		log.Fatal(err)
	}
	log.Printf("process %d: %v", state.Pid(), state)
	return state.ExitCode()
}
