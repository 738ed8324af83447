package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	if err := parent(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parent() error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = r, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Start(); err != nil {
		return err
	}
	r.Close()

	named := make(chan error)
	go func() {
		// The thread stays in the child's namespace and dies with the goroutine.
		runtime.LockOSThread()
		named <- name(cmd.Process.Pid, "christened")
	}()
	err = <-named
	w.Close()
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return err
}

func name(pid int, hostname string) error {
	f, err := os.Open("/proc/" + strconv.Itoa(pid) + "/ns/uts")
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Setns(int(f.Fd()), unix.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	return unix.Sethostname([]byte(hostname))
}

func child() {
	show()
	io.Copy(io.Discard, os.Stdin) // until the parent is done
	show()
}

func show() {
	h, err := os.Hostname()
	if err != nil {
		panic(err)
	}
	fmt.Println("pid", os.Getpid(), "is on", h)
}
