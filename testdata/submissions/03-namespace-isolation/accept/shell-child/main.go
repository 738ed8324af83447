package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	sh := exec.Command("/bin/sh", "-ec", `hostname; hostname shellbox; hostname; echo $$`)
	sh.Stdin, sh.Stdout, sh.Stderr = os.Stdin, os.Stdout, os.Stderr
	sh.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	err := sh.Run()
	fmt.Println("shell:", sh.ProcessState)
	if err != nil {
		os.Exit(1)
	}
}
