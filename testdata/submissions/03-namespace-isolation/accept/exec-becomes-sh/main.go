package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		fmt.Println("setting up")
		if err := syscall.Sethostname([]byte("Becomes-Sh")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		script := "echo shell $$ on $(uname -n); exit 0"
		err := syscall.Exec("/bin/sh", []string{"sh", "-c", script}, os.Environ())
		fmt.Println("exec:", err)
		os.Exit(1)
	}
	fmt.Println("starting", os.Args[0])
	p := exec.Command("/proc/self/exe", "child")
	p.Stdout, p.Stderr, p.Stdin = os.Stdout, os.Stderr, os.Stdin
	p.SysProcAttr = &syscall.SysProcAttr{Cloneflags: 0x20000000 | 0x04000000}
	if err := p.Run(); err != nil {
		fmt.Println("run:", err)
		os.Exit(1)
	}
}
