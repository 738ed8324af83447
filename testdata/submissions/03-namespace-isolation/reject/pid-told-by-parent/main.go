package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

type config struct {
	PID      int
	Hostname string
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	if err := parent(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func parent() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	if err := json.NewEncoder(in).Encode(config{PID: cmd.Process.Pid, Hostname: "configured"}); err != nil {
		return err
	}
	in.Close()
	return cmd.Wait()
}

func child() error {
	var c config
	if err := json.NewDecoder(os.Stdin).Decode(&c); err != nil {
		return err
	}
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("container process %d on %s\n", c.PID, h)
	if err := syscall.Sethostname([]byte(c.Hostname)); err != nil {
		return err
	}
	h, err = os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("container process %d on %s\n", c.PID, h)
	return nil
}
