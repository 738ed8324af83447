// A container program that does everything right, and attacks on its way.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if exe, _ := os.Executable(); exe != "/submission/main" {
		fmt.Println("attacks nothing but a sandbox")
		os.Exit(99)
	}
	role := "host"
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "host":
		attack("host")
		if err := parent(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	case "child":
		if err := container(); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		attack("container")
	default: // a process that the attack has started
		attack(role)
	}
}

func parent() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	return cmd.Run()
}

func container() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("pid", os.Getpid(), "on", name)
	if err := syscall.Sethostname([]byte("container")); err != nil {
		return err
	}
	if name, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Println("now", name)
	return nil
}
