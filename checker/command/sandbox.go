package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// sandbox runs any program of the machine in a sandbox, copied into it where
// the sandbox does not show it: for the authors of exercises, and the benchmarks.
func (a *app) sandbox(args []string) int {
	fs := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	record := fs.Bool("record", false, "record the run as a check does, and throw the record away")
	_, argv, _, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	if len(argv) == 0 {
		return a.fail(errors.New("say what to run: checker sandbox -- PROGRAM [ARGS...]"))
	}
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return a.fail(fmt.Errorf("run: %w", err))
	}
	s, code, entered, err := a.openSession()
	if err != nil {
		return a.fail(err)
	}
	if entered {
		return code
	}
	defer s.close()
	cmd := s.command(nil, nil)
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return a.fail(fmt.Errorf("run: %w", err))
	}
	if strings.HasPrefix(path, "/usr/") {
		cmd.Files, cmd.Path = nil, path
	} else if cmd.Files[0].Data, err = os.ReadFile(path); err != nil {
		return a.fail(fmt.Errorf("run: %w", err))
	}
	cmd.Args = argv
	var status int
	var stdout, stderr []byte
	if *record {
		run, err := trace.Record(a.ctx, s.host, cmd, trace.Options{})
		if err != nil {
			return a.fail(err)
		}
		stdout, stderr = run.Stdout.Data, run.Stderr.Data
		if first := run.First(); first == nil || first.Exit == nil || first.Exit.Signal != "" {
			status = broken
		} else {
			status = first.Exit.Code
		}
	} else {
		res, err := s.host.Run(a.ctx, cmd)
		if err != nil {
			return a.fail(err)
		}
		stdout, stderr = res.Stdout.Data, res.Stderr.Data
		status = statusOf(res)
	}
	io.Writer(a.out).Write(stdout)
	io.Writer(a.err).Write(stderr)
	return status
}

// statusOf is the exit status that a shell would give.
func statusOf(res *sandbox.Result) int {
	if res.Status.Signaled() {
		return 128 + int(res.Status.Signal())
	}
	return res.Status.ExitStatus()
}
