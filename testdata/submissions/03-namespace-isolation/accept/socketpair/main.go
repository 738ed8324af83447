package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "--container" {
		os.Exit(container(os.NewFile(3, "console")))
	}
	os.Exit(host())
}

func host() int {
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	defer ours.Close()

	cmd := exec.Command("/proc/self/exe", "--container")
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	theirs.Close()
	if _, err := io.Copy(os.Stdout, ours); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err := cmd.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func container(console *os.File) int {
	defer console.Close()
	old, err := os.Hostname()
	if err == nil {
		err = syscall.Sethostname([]byte("sock-et"))
	}
	if err != nil {
		fmt.Fprintln(console, "failed:", err)
		return 1
	}
	now, _ := os.Hostname()
	fmt.Fprintf(console, "PID=%d\nWAS=%s\nIS=%s\n", os.Getpid(), old, now)
	return 0
}
