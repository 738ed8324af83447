package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

type report struct {
	PID      int    `json:"pid"`
	Original string `json:"original_hostname"`
	Hostname string `json:"hostname"`
	Error    string `json:"error,omitempty"`
}

func main() {
	var (
		child    = flag.Bool("child", false, "internal: run as the container's first process")
		hostname = flag.String("hostname", "json-box", "hostname of the container")
	)
	flag.Parse()
	if *child {
		os.Exit(runChild(*hostname))
	}
	os.Exit(runParent(*hostname))
}

func runParent(hostname string) int {
	cmd := exec.Command("/proc/self/exe", "-child", "-hostname", hostname)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func runChild(hostname string) int {
	r := report{PID: os.Getpid()}
	status := 0
	if err := r.rename(hostname); err != nil {
		r.Error = err.Error()
		status = 1
	}
	enc := json.NewEncoder(os.Stdout)
	enc.SetIndent("", "  ")
	if err := enc.Encode(r); err != nil {
		status = 1
	}
	return status
}

func (r *report) rename(to string) (err error) {
	if r.Original, err = os.Hostname(); err != nil {
		return err
	}
	if err = syscall.Sethostname([]byte(to)); err != nil {
		return err
	}
	r.Hostname, err = os.Hostname()
	return err
}
