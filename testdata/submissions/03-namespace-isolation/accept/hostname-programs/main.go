package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

type container struct {
	Hostname string
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func output(name string, args ...string) string {
	out, err := exec.Command(name, args...).Output()
	check(err)
	return strings.TrimSpace(string(out))
}

func (c container) Start() {
	cmd := exec.Command(os.Args[0], "child", c.Hostname)
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	check(cmd.Run())
}

func (c container) Inside() {
	fmt.Printf("uname -n: %s, getpid: %d\n", output("uname", "-n"), os.Getpid())
	check(exec.Command("hostname", c.Hostname).Run())
	fmt.Printf("uname -n: %s, getpid: %d\n", output("uname", "-n"), os.Getpid())
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "child" {
		container{Hostname: os.Args[2]}.Inside()
	} else {
		container{Hostname: "unamed"}.Start()
	}
}
