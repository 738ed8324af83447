package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func one(args []string) (string, error) {
	if len(args) != 1 {
		return "", fmt.Errorf("want one argument, not %q", args)
	}
	return args[0], nil
}

func write(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a path and a text, not %q", args)
	}
	return os.WriteFile(args[0], []byte(args[1]), 0o644)
}

// size reads 200M, 64K or a number of bytes.
func size(text string) (int, error) {
	unit := 1
	switch {
	case strings.HasSuffix(text, "M"):
		unit = 1 << 20
	case strings.HasSuffix(text, "K"):
		unit = 1 << 10
	}
	n, err := strconv.Atoi(strings.TrimRight(text, "MK"))
	return n * unit, err
}

func take(args []string) error {
	arg, err := one(args)
	if err != nil {
		return err
	}
	n, err := size(arg)
	if err != nil {
		return err
	}
	taken := make([]byte, n)
	for i := 0; i < n; i += 4096 { // a page is taken when it is first written to
		taken[i] = 1
	}
	_, err = fmt.Printf("payload: took %d bytes\n", len(taken))
	return err
}

func spin(args []string) error {
	arg, err := one(args)
	if err != nil {
		return err
	}
	d, err := time.ParseDuration(arg)
	if err != nil {
		return err
	}
	for end := time.Now().Add(d); time.Now().Before(end); {
	}
	return nil
}

func hang([]string) error {
	for {
		time.Sleep(time.Hour)
	}
}

// die asks to be killed. Pid 1 of a PID namespace is spared by signals from
// within it, pid_namespaces(7): the recorder, which sees the call, sends the
// signal from outside.
func die([]string) error {
	if err := syscall.Kill(os.Getpid(), syscall.SIGKILL); err != nil {
		return err
	}
	return hang(nil)
}

func fork(args []string) error {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd.Run()
}

func exit(args []string) error {
	arg, err := one(args)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(arg)
	if err != nil {
		return err
	}
	os.Exit(n)
	return nil
}
