package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func init() {
	// unshare(2) moves one thread. In the child that has to be the main one,
	// and only before others are in use.
	if len(os.Args) > 1 && os.Args[1] == "child" {
		lock()
	}
}

func child() {
	show("before")
	if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
		fmt.Fprintln(os.Stderr, "unshare:", err)
		os.Exit(1)
	}
	if err := syscall.Sethostname([]byte("late")); err != nil {
		fmt.Fprintln(os.Stderr, "sethostname:", err)
		os.Exit(1)
	}
	show("after")
}

func show(when string) {
	var u syscall.Utsname
	if err := syscall.Uname(&u); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	name := ""
	for _, c := range u.Nodename {
		if c == 0 {
			break
		}
		name += string(rune(c))
	}
	fmt.Printf("%s: %s, pid %d\n", when, name, os.Getpid())
}
