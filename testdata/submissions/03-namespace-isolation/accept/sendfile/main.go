package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func child() error {
	fd, err := unix.MemfdCreate("report", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	f := os.NewFile(uintptr(fd), "report")
	defer f.Close()

	if err := unix.Sethostname([]byte("zero-copy")); err != nil {
		return err
	}
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	size, err := fmt.Fprintf(f, "%s %d\n", h, os.Getpid())
	if err != nil {
		return err
	}
	var off int64
	for int(off) < size {
		if _, err := unix.Sendfile(1, fd, &off, size-int(off)); err != nil {
			return fmt.Errorf("sendfile: %w", err)
		}
	}
	return nil
}
