package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		// One for the hostname, one for the pid.
		halves := []struct {
			role string
			flag uintptr
		}{{"uts", syscall.CLONE_NEWUTS}, {"pid", syscall.CLONE_NEWPID}}
		for _, h := range halves {
			cmd := exec.Command("/proc/self/exe", h.role)
			cmd.Stdout = os.Stdout
			cmd.Stderr = os.Stderr
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: h.flag}
			if err := cmd.Run(); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
		}
		return
	}
	if os.Args[1] == "uts" {
		if err := syscall.Sethostname([]byte("half")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	h, _ := os.Hostname()
	fmt.Println("hostname:", h)
	fmt.Println("pid:", os.Getpid())
}
