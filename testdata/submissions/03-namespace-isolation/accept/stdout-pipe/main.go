package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		if err := child(); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	if err := parent(); err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
}

func parent() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(out)
	for n := 10; lines.Scan(); n += 10 {
		fmt.Printf("%4d | %s\n", n, lines.Text())
	}
	if err := lines.Err(); err != nil {
		return err
	}
	return cmd.Wait()
}

func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Println("hostname:", hostname)
	fmt.Println("pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("piped")); err != nil {
		return err
	}
	if hostname, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Println("hostname:", hostname)
	return nil
}
