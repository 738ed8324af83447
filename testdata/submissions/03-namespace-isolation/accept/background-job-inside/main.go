package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		h, _ := os.Hostname()
		fmt.Println("Child running, hostname =", h, "pid =", os.Getpid())
		syscall.Sethostname([]byte("jobs"))
		h, _ = os.Hostname()
		fmt.Println("New hostname =", h)

		// a service for the container
		if err := exec.Command("sleep", "100000").Start(); err != nil {
			fmt.Println("service:", err)
			os.Exit(1)
		}
		return
	}

	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID,
	}
	if err := cmd.Start(); err != nil {
		fmt.Println("Error:", err)
		os.Exit(1)
	}
	if err := cmd.Wait(); err != nil {
		fmt.Println("Error:", err)
		os.Exit(1)
	}
	fmt.Println("Child exited")
}
