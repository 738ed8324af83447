package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	var err error
	if len(os.Args) > 1 && os.Args[1] == "child" {
		err = child()
	} else {
		err = run()
	}
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

func run() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	if err := cmd.Start(); err != nil {
		return err
	}

	// put the started process into its namespaces
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}

	return cmd.Wait()
}

func child() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("Hostname before:", name)
	fmt.Println("PID:", os.Getpid())
	if err := syscall.Sethostname([]byte("jail")); err != nil {
		return err
	}
	name, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("Hostname after:", name)
	return nil
}
