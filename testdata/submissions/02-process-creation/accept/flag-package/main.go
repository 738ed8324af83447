package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"time"
)

type command struct {
	name string
	run  func(context.Context, streams) (int, error)
}

type streams struct {
	in       io.Reader
	out, err io.Writer
}

var commands = []command{
	{"", parent},
	{"child", child},
}

func main() {
	timeout := flag.Duration("timeout", time.Minute, "how long the child may take")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), *timeout)
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	code := dispatch(ctx, flag.Arg(0))
	stop()
	cancel()
	os.Exit(code)
}

func dispatch(ctx context.Context, name string) int {
	std := streams{os.Stdin, os.Stdout, os.Stderr}
	for _, c := range commands {
		if c.name != name {
			continue
		}
		code, err := c.run(ctx, std)
		if err != nil {
			fmt.Fprintln(std.err, "error:", err)
			return 1
		}
		return code
	}
	fmt.Fprintf(std.err, "no such command: %q\n", name)
	return 2
}

func child(_ context.Context, s streams) (int, error) {
	_, err := fmt.Fprintf(s.out, "{\"hello\":true,\"pid\":%d}\n", os.Getpid())
	return 0, err
}

func parent(ctx context.Context, s streams) (int, error) {
	fmt.Fprintf(s.out, "{\"parent\":true,\"pid\":%d}\n", os.Getpid())
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "child")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = s.in, s.out, s.err

	done := make(chan error, 1)
	go func() { done <- cmd.Run() }()
	err := <-done

	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	code := cmd.ProcessState.ExitCode()
	fmt.Fprintf(s.out, "{\"exit_code\":%d}\n", code)
	return code, nil
}
