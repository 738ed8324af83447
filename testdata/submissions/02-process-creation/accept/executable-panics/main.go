package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
)

func try[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func main() {
	out := bufio.NewWriter(os.Stdout)
	code := 0
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Fprintf(out, "hello, hello, hello\n\tpid: %v\n", os.Getpid())
	} else {
		fmt.Fprintf(out, "pid: %v\n", os.Getpid())
		out.Flush()
		code = again()
		fmt.Fprintf(out, "exit code: %v\n", code)
	}
	out.Flush()
	os.Exit(code)
}

func again() int {
	cmd := exec.Command(try(os.Executable()), "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	switch err := cmd.Run().(type) {
	case nil:
		return 0
	case *exec.ExitError:
		return err.ExitCode()
	default:
		panic(err)
	}
}
