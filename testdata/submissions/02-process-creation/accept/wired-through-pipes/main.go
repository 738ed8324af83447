package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		n, err := io.Copy(io.Discard, os.Stdin)
		if err != nil {
			fmt.Fprintln(os.Stderr, "read:", err)
			os.Exit(1)
		}
		fmt.Printf("hello; I am %d and read %d bytes\n", os.Getpid(), n)
		return
	}
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

func run() (int, error) {
	fmt.Printf("this is %d\n", os.Getpid())
	cmd := exec.Command("/proc/self/exe", "child")
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, err
	}
	errs, err := cmd.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := cmd.Start(); err != nil {
		return 0, err
	}

	var wg sync.WaitGroup
	wg.Add(3)
	go func() { defer wg.Done(); io.Copy(in, os.Stdin); in.Close() }()
	go func() { defer wg.Done(); io.Copy(os.Stdout, out) }()
	go func() { defer wg.Done(); io.Copy(os.Stderr, errs) }()
	wg.Wait()

	if err := cmd.Wait(); cmd.ProcessState == nil {
		return 0, err
	}
	fmt.Printf("%d ended with %d\n", cmd.Process.Pid, cmd.ProcessState.ExitCode())
	return cmd.ProcessState.ExitCode(), nil
}
