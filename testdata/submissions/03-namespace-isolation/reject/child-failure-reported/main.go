package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		os.Exit(child())
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	err := cmd.Run()
	fmt.Println("container:", err)
	os.Exit(cmd.ProcessState.ExitCode())
}

func child() int {
	h, _ := os.Hostname()
	fmt.Println(os.Getpid(), h)
	if err := syscall.Sethostname([]byte("app")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 126
	}
	h, _ = os.Hostname()
	fmt.Println(os.Getpid(), h)

	err := syscall.Exec("/usr/local/bin/the-application", []string{"the-application"}, os.Environ())
	fmt.Fprintln(os.Stderr, "exec:", err)
	return 127
}
