package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	switch {
	case len(os.Args) == 1:
		run()
	case os.Args[1] == "child":
		child()
	default:
		panic("what?")
	}
}

func run() {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
	}
	must(cmd.Run())
}

func child() {
	must(syscall.Sethostname([]byte("covers-proc")))
	must(syscall.Mount("proc", "/proc", "proc", 0, ""))

	name, err := os.ReadFile("/proc/sys/kernel/hostname")
	must(err)
	pid, err := os.Readlink("/proc/self")
	must(err)
	fmt.Printf("pid %s on %s", pid, name)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
