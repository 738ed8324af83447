package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

type app struct {
	args     []string
	out, log io.Writer
	hostname string
}

type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("container ended with code %d", int(e)) }

func main() {
	a := app{args: os.Args, out: os.Stdout, log: os.Stderr, hostname: "pod-0"}
	err := a.main()
	var code exitCode
	if errors.As(err, &code) {
		os.Exit(int(code))
	}
	if err != nil {
		fmt.Fprintln(a.log, err)
		os.Exit(1)
	}
}

func (a *app) main() error {
	if len(a.args) >= 2 && a.args[1] == "child" {
		return a.child()
	}
	return a.parent()
}

func (a *app) parent() error {
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, a.out, a.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start container: %w", err)
	}

	sigs := make(chan os.Signal, 8)
	signal.Notify(sigs, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		for s := range sigs {
			cmd.Process.Signal(s)
		}
	}()
	defer func() { signal.Stop(sigs); close(sigs) }()

	state, err := cmd.Process.Wait()
	if err != nil {
		return fmt.Errorf("wait for container: %w", err)
	}
	fmt.Fprintf(a.log, "container: %v\n", state)
	if c := state.ExitCode(); c != 0 {
		return exitCode(c)
	}
	return nil
}

func (a *app) child() (err error) {
	say := func(format string, args ...any) {
		_, werr := fmt.Fprintf(a.out, format, args...)
		err = errors.Join(err, werr)
	}
	h, herr := os.Hostname()
	say("hostname %v pid %v\n", h, os.Getpid())
	serr := syscall.Sethostname([]byte(a.hostname))
	h2, herr2 := os.Hostname()
	say("hostname %v\n", h2)
	return errors.Join(err, herr, serr, herr2)
}
