package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	runtime.LockOSThread() // capabilities belong to the thread
	if len(os.Args) > 1 && os.Args[1] == "child" {
		os.Exit(child())
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

func dropCapabilities() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return unix.Capset(&header, &none[0])
}

func child() int {
	if err := dropCapabilities(); err != nil {
		fmt.Fprintln(os.Stderr, "drop capabilities:", err)
		return 1
	}
	h, _ := os.Hostname()
	fmt.Printf("pid %d on %s\n", os.Getpid(), h)
	if err := unix.Sethostname([]byte("hardened")); err != nil {
		fmt.Fprintln(os.Stderr, "warning: sethostname:", err)
	}
	h, _ = os.Hostname()
	fmt.Printf("pid %d on %s\n", os.Getpid(), h)
	return 0
}
