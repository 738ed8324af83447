package build

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path"

	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// Limits of the sandbox that a compilation does not choose.
const (
	compileDisk      = 1 << 30
	compileInodes    = 64 << 10
	compileProcesses = 512 // with threads
)

// Sandboxed returns an Exec that compiles in a sandbox of h: no network, nothing
// to write to but what goes with the sandbox, the user's build cache under a
// layer of its own. A compiler that was talked into something reaches nothing.
func Sandboxed(h *sandbox.Host) Exec {
	return func(ctx context.Context, job *Job) (*JobResult, error) {
		paths := SandboxPaths()
		command := func(argv ...string) sandbox.Command {
			cmd := sandbox.Command{
				Path: argv[0], Args: argv, Env: job.Env(paths), Dir: paths.Source,
				Empty: []string{paths.Source, path.Dir(paths.Program)},
				Limits: sandbox.Limits{
					Processes: compileProcesses,
					Memory:    job.Limits.Memory,
					Disk:      compileDisk,
					Inodes:    compileInodes,
					Output:    int64(job.Limits.Output),
					Time:      job.Limits.Time,
				},
			}
			for _, dir := range job.Visible {
				cmd.Binds = append(cmd.Binds, sandbox.Bind{From: dir, To: dir})
			}
			return cmd
		}
		if job.direct != nil {
			readOnly := func(argv ...string) sandbox.Command {
				cmd := command(argv...)
				cmd.Binds = append(cmd.Binds, sandbox.Bind{From: job.Cache, To: paths.Cache})
				return cmd
			}
			if res, err := job.direct.directly(ctx, job, paths, readOnly, h.Run); res != nil || err != nil {
				return res, err
			}
		}
		cmd := command(job.Argv(paths)...)
		cmd.Outputs = []string{paths.Program}
		for _, f := range job.Files {
			cmd.Files = append(cmd.Files, sandbox.File{Path: path.Join(paths.Source, f.Path), Data: f.Data, Mode: 0o644})
		}
		if info, err := os.Stat(job.Cache); job.Cache != "" && err == nil && info.IsDir() {
			cmd.Binds = append(cmd.Binds, sandbox.Bind{From: job.Cache, To: paths.Cache, Overlay: true})
		} else {
			cmd.Empty = append(cmd.Empty, paths.Cache)
		}
		res, err := h.Run(ctx, cmd)
		if err != nil {
			return nil, fmt.Errorf("compile: %w", err)
		}
		out := &JobResult{
			Source:      paths.Source,
			Code:        -1,
			Messages:    append(res.Stdout.Data, res.Stderr.Data...),
			Cut:         res.Stdout.Total+res.Stderr.Total > int64(len(res.Stdout.Data)+len(res.Stderr.Data)),
			TimedOut:    res.TimedOut,
			CPU:         res.CPU,
			OutOfMemory: res.OutOfMemory,
		}
		if res.Status.Exited() {
			out.Code = res.Status.ExitStatus()
		}
		out.DiskFull = out.Code != 0 && bytes.Contains(out.Messages, []byte(unix.ENOSPC.Error()))
		if out.Code == 0 && len(res.Outputs) == 1 {
			out.ProgramSize = int64(len(res.Outputs[0]))
			if out.ProgramSize <= job.Limits.Program {
				out.Program = res.Outputs[0]
			}
		}
		return out, nil
	}
}
