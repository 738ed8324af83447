package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	role := "manager"
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	var err error
	switch role {
	case "manager":
		err = spawn("init", syscall.CLONE_NEWUTS|syscall.CLONE_NEWPID)
	case "init":
		if err = syscall.Sethostname([]byte("payload-host")); err == nil {
			err = spawn("payload", 0)
		}
	case "payload":
		var h string
		h, err = os.Hostname()
		fmt.Printf("%s: my pid is %d\n", h, os.Getpid())
	default:
		err = fmt.Errorf("unknown role %s", role)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		os.Exit(1)
	}
}

func spawn(role string, flags uintptr) error {
	c := exec.Command("/proc/self/exe", role)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return c.Run()
}
