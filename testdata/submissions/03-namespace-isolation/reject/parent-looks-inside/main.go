package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := unix.Sethostname([]byte("aquarium")); err != nil {
			os.Exit(1)
		}
		os.Stdout.Close()
		io.Copy(io.Discard, os.Stdin)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUTS | unix.CLONE_NEWPID}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	ready, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if _, err := io.ReadAll(ready); err != nil {
		return err
	}
	errs := make(chan error)
	go func() {
		runtime.LockOSThread()
		errs <- look(cmd.Process.Pid)
	}()
	err = <-errs
	in.Close()
	if werr := cmd.Wait(); err == nil {
		err = werr
	}
	return err
}

func look(pid int) error {
	status, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err
	}
	defer status.Close()
	for s := bufio.NewScanner(status); s.Scan(); {
		if ids, ok := strings.CutPrefix(s.Text(), "NSpid:"); ok {
			f := strings.Fields(ids)
			fmt.Println("pid in the container:", f[len(f)-1])
		}
	}
	ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/uts", pid))
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWUTS); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname in the container:", name)
	return nil
}
