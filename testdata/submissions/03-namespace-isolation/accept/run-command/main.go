package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// go run main.go run <cmd> <args>
func main() {
	args := os.Args[1:]
	if len(args) == 0 {
		args = []string{"run", "/bin/sh", "-c", "hostname; echo $$"}
	}
	switch args[0] {
	case "run":
		run(args[1:])
	case "child":
		child(args[1:])
	default:
		panic("help: run CMD ARGS")
	}
}

func run(args []string) {
	fmt.Printf("Running %q as %d\n", args, os.Getpid())

	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNS,
	}
	must(cmd.Run())
}

func child(args []string) {
	fmt.Printf("Running %q as %d\n", args, os.Getpid())

	must(syscall.Sethostname([]byte("runbox")))

	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr
	must(cmd.Run())
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
