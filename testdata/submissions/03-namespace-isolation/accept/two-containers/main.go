package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if os.Args[0] == "container" {
		os.Exit(container(os.Args[1]))
	}
	for _, name := range []string{"alpha", "beta"} {
		if err := launch(name); err != nil {
			fmt.Println(name, "failed:", err)
			os.Exit(1)
		}
	}
}

func launch(name string) error {
	return (&exec.Cmd{
		Path:        "/proc/self/exe",
		Args:        []string{"container", name},
		Stdout:      os.Stdout,
		Stderr:      os.Stderr,
		SysProcAttr: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID},
	}).Run()
}

func container(name string) int {
	before, _ := os.Hostname()
	if err := syscall.Sethostname([]byte(name)); err != nil {
		fmt.Println(err)
		return 1
	}
	after, _ := os.Hostname()
	fmt.Printf("pid %d: %s became %s\n", os.Getpid(), before, after)
	return 0
}
