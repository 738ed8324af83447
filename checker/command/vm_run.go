package command

import (
	"context"
	"os"
	"slices"

	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/network"
	"pidone/checker/remote"
	"pidone/checker/sandbox"
)

// runInVM is interact in the VM. There a pipe is no standard input: whoever is no
// terminal here has one there all the same, which echoes nothing.
func (a *app) runInVM(p place, cmd sandbox.Command, e *course.Exercise, features []string) (*remote.Output, error) {
	k, err := findKernel(a.ctx, p, a.note)
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, "TERM="+os.Getenv("TERM"), evidence.TerminalVariable+"=1")
	return a.onTerminal(k, p, nil, func(ctx context.Context, client *remote.Client) (*remote.Output, error) {
		all, err := client.Probe(ctx)
		if err != nil {
			return nil, err
		}
		there := a.equipForRun(whyNot(func(name string) (sandbox.Feature, error) { return named(all, name), nil }), &cmd, e, features)
		return client.Try(ctx, cmd, slices.Contains(there, network.Veth), p.as == "root")
	})
}
