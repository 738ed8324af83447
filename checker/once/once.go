// Package once runs one program of this machine in a sandbox, as a submission
// is run: for the authors of exercises, and the benchmarks. It is `checker
// sandbox`, and the command bin/sandbox (once/sandbox), which is nothing else
// and so starts in half the time: of the large packages that the checker needs
// it has none.
//
// A signal ends it as kill -9 would: it has nothing to say or to keep then, and
// what runs in the sandbox ends even so. It ends with all that the program began; the
// kernel clears away the empty sandbox behind it (sandbox.Host.RunLast).
package once

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// Usage is what Run's arguments are.
const Usage = "[--record] -- PROGRAM [ARGS...]"

// Run does what the arguments say, with the program's output on out and err, and
// returns the exit status that a shell would give the program. With --record it is
// recorded as a check does, and the record thrown away. The program is copied into
// the sandbox where that does not show it.
func Run(args []string, out, err *os.File) (status int, _ error) {
	record, argv := false, []string(nil)
	for i, arg := range args {
		if arg == "--record" || arg == "-record" {
			record = true
			continue
		}
		if arg == "--" {
			argv = args[i+1:]
		}
		break
	}
	if len(argv) == 0 {
		return 0, errors.New("say what to run: sandbox " + Usage)
	}
	cmd, failure := command(argv)
	if failure != nil {
		return 0, fmt.Errorf("run: %w", failure)
	}
	status, entered, failure := sandbox.Enter()
	if entered || failure != nil {
		return status, failure
	}
	host, failure := sandbox.Open()
	if failure != nil {
		return 0, failure
	}
	var stdout, stderr []byte
	if record {
		run, failure := trace.Record(context.Background(), host, cmd, trace.Options{})
		if failure != nil {
			return 0, failure
		}
		stdout, stderr = run.Stdout.Data, run.Stderr.Data
		if first := run.First(); first == nil || first.Exit == nil || first.Exit.Signal != "" {
			status = 2
		} else {
			status = first.Exit.Code
		}
	} else {
		res, failure := host.RunLast(context.Background(), cmd)
		if failure != nil {
			return 0, failure
		}
		stdout, stderr, status = res.Stdout.Data, res.Stderr.Data, res.Code()
	}
	out.Write(stdout)
	err.Write(stderr)
	return status, nil
}

// command is how the program is started.
func command(argv []string) (cmd sandbox.Command, err error) {
	path, err := exec.LookPath(argv[0])
	if err != nil {
		return cmd, err
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return cmd, err
	}
	if strings.HasPrefix(path, "/usr/") {
		cmd = sandbox.Submission(nil, nil)
		cmd.Files, cmd.Path = nil, path
	} else {
		data, err := os.ReadFile(path)
		if err != nil {
			return cmd, err
		}
		cmd = sandbox.Submission(data, nil)
	}
	cmd.Args = argv
	return cmd, nil
}
