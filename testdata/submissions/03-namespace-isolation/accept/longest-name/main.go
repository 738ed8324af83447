package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

var name = "a" + strings.Repeat("b", 62) + "c"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		h, err := os.Hostname()
		fmt.Println(h, err, os.Getpid())
		err = syscall.Sethostname([]byte(name))
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		h, err = os.Hostname()
		fmt.Println(h, err)
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}
