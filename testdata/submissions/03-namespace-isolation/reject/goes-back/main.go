package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func init() { runtime.LockOSThread() }

func check(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		check("sethostname", unix.Sethostname([]byte("excursion")))
		h, err := os.Hostname()
		check("hostname", err)
		fmt.Println("pid", os.Getpid(), "on", h)
		check("setns", unix.Setns(3, unix.CLONE_NEWUTS))
		return
	}

	home, err := os.Open("/proc/self/ns/uts")
	check("open", err)
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{home}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWPID}
	check("run", cmd.Run())
}
