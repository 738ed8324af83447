package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		имя, _ := os.Hostname()
		fmt.Printf("машина «%s», процесс №%d\n", имя, os.Getpid())
		if err := syscall.Sethostname([]byte("kit")); err != nil {
			fmt.Println("не вышло:", err)
			os.Exit(1)
		}
		имя, _ = os.Hostname()
		fmt.Printf("📦%s📦\n", имя)
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := cmd.Run(); err != nil {
		fmt.Println("ошибка:", err)
		os.Exit(1)
	}
}
