package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if os.Getenv("STAGE") == "2" {
		name, err := os.Hostname()
		die(err)
		fmt.Printf("stage two, running as %d on %s\n", os.Getpid(), name)
		return
	}

	original, err := os.Hostname()
	die(err)
	die(syscall.Sethostname([]byte("borrowed")))
	defer func() { die(syscall.Sethostname([]byte(original))) }()

	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), "STAGE=2")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	die(cmd.Run())
}

func die(err error) {
	if err != nil {
		panic(err)
	}
}
