package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const hostname = "localhost"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Printf("Hello from %s! My PID is %d.\n", hostname, os.Getpid())
		if err := syscall.Sethostname([]byte("guesswork")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("Hostname changed.")
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
