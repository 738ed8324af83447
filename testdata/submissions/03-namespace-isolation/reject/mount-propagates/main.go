package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

const rootfs = "/tmp/container-root"

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		must("child", child())
		return
	}
	must("mkdir", os.MkdirAll(rootfs, 0o755))
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
	}
	must("run", cmd.Run())
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", what, err)
		os.Exit(1)
	}
}

func child() error {
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname", h)
	fmt.Println("pid", os.Getpid())
	if err := syscall.Sethostname([]byte("mounted")); err != nil {
		return err
	}
	h, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname", h)
	return syscall.Mount("tmpfs", rootfs, "tmpfs", 0, "size=1m")
}
