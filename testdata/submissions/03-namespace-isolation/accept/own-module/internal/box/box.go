// Package box runs a container.
package box

import (
	"fmt"
	"io"
	"os"
	"os/exec"
)

const childArg = "child"

// Main is the program, without its globals.
func Main(args []string, in io.Reader, out, errs io.Writer) int {
	work := func() error { return parent(in, out, errs) }
	if len(args) > 1 && args[1] == childArg {
		work = func() error { return child(out) }
	}
	if err := work(); err != nil {
		fmt.Fprintln(errs, "mycontainer:", err)
		return 1
	}
	return 0
}

func parent(in io.Reader, out, errs io.Writer) error {
	cmd := exec.Command("/proc/self/exe", childArg)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, out, errs
	isolate(cmd)
	return cmd.Run()
}

func child(out io.Writer) error {
	for _, step := range []func() error{
		func() error { return describe(out) },
		func() error { return rename("packaged") },
		func() error { return describe(out) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func describe(out io.Writer) error {
	h, err := os.Hostname()
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "hostname=%s pid=%d\n", h, os.Getpid())
	return err
}
