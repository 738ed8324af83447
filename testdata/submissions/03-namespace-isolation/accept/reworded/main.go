package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

type report struct {
	Before, After string
	PID           int
}

func main() {
	run := parent
	if len(os.Args) > 1 && os.Args[1] == "child" {
		run = child
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parent() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	var r report
	if err := json.Unmarshal(out, &r); err != nil {
		return err
	}
	fmt.Printf("The container came up on %s, where its pid is %d.\n", r.Before, r.PID)
	fmt.Printf("Since then it calls itself %s.\n", r.After)
	return nil
}

func child() (err error) {
	r := report{PID: os.Getpid()}
	if r.Before, err = os.Hostname(); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte("told-by-pipe")); err != nil {
		return err
	}
	if r.After, err = os.Hostname(); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(r)
}
