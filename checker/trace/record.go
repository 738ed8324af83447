package trace

import (
	"context"
	"slices"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// Record runs cmd in a sandbox of its own and returns what was seen. cmd's
// Watcher is set here, and the recorder's rules are added to its own.
//
// An error is the sandbox's: nothing can be said about cmd then. When the
// recorder fails, the Run says so in End.Broken.
func Record(ctx context.Context, host *sandbox.Host, cmd sandbox.Command, opts Options) (*evidence.Run, error) {
	opts.groups = cmd.Groups
	r := New(opts)
	cmd.Rules = append(slices.Clone(cmd.Rules), r.Rules()...)
	cmd.Watcher, cmd.Hiding = r, sandbox.RetTrace
	if cmd.Limits.Time == 0 {
		cmd.Limits.Time = sandbox.DefaultLimits().Time
	}
	if opts.Resolve != nil {
		// The first call reads the program's line table. That had better not
		// be while the program waits for it.
		go opts.Resolve(0)
	}
	if opts.Internet != nil {
		opts.Internet.Provide(&cmd, sandbox.RetTrace)
		defer opts.Internet.Close()
		cmd.Outputs = append(slices.Clone(cmd.Outputs), resolvFile)
	}
	if opts.Input != "" {
		cmd.Stdin = strings.NewReader(opts.Input)
	}
	res, err := host.Run(ctx, cmd)
	if err != nil {
		return nil, err
	}
	run := r.Run()
	if in := run.Host.Internet; in != nil {
		opts.Internet.Close() // all that had been sent has arrived
		before, after := in.Before, in.After
		*in = opts.Internet.Seen()
		in.Before, in.After = before, after
		in.ResolvAfter = printable(string(res.Outputs[len(res.Outputs)-1]))
	}
	if opts.Image != nil {
		image := opts.Image.Image
		image.Changed = nil
		for _, change := range res.Changes {
			if strings.HasPrefix(change, image.Path) {
				image.Changed = append(image.Changed, printable(change))
			}
		}
		for _, f := range res.Found {
			run.Host.Found = append(run.Host.Found, evidence.Found{Path: printable(f.Path), Kind: f.Kind, Data: f.Data})
		}
		run.Image = &image
	}
	run.Input = opts.Input
	for _, arg := range cmd.Args[min(1, len(cmd.Args)):] {
		run.Args = append(run.Args, printable(arg))
	}
	run.Stdout = evidence.Stream{Data: res.Stdout.Data, Total: res.Stdout.Total}
	run.Stderr = evidence.Stream{Data: res.Stderr.Data, Total: res.Stderr.Total}
	run.End.Limit = cmd.Limits.Time.Microseconds()
	run.End.TimedOut = run.End.TimedOut || res.TimedOut
	run.End.CPU, run.End.Waited, run.End.Late = res.CPU.Microseconds(), res.Waited.Microseconds(), res.Late.Microseconds()
	run.End.OutOfMem = res.OutOfMemory
	run.End.OutOfPIDs = run.End.OutOfPIDs || res.OutOfPIDs
	if len(run.Processes) == 0 && run.End.Broken == "" && !run.End.TimedOut {
		run.End.Broken = "the program was never executed"
	}
	return run, nil
}
