package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/internet"
	"pidone/checker/network"
	"pidone/checker/remote"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
)

// runTime is how long a learner may try things in one sandbox.
const runTime = 12 * time.Hour

// run runs a submission in the sandbox on the learner's terminal, unjudged.
func (a *app) run(args []string) int {
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	dir := fs.String("submission", "", "the submission's folder")
	var p place
	p.flags(fs)
	positional, rest, dashes, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	if err := p.check(); err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	e, _, err := selected(c, positional)
	if err != nil {
		return a.fail(err)
	}
	if rest, err = arguments(rest, dashes); err != nil {
		return a.fail(err)
	}
	here := p // where it is compiled, and run if that is not in the VM
	if p.vm != "" {
		here = place{}
	}
	s, code, entered, err := a.openSessionAt(here)
	if err != nil {
		return a.fail(err)
	}
	if entered {
		return code
	}
	defer s.close()
	path, name, _, err := a.submission(*dir, e)
	if err != nil {
		return a.fail(err)
	}
	done := a.progress("compiling " + name)
	b, err := s.build(a.ctx, e, path)
	done()
	if err != nil {
		return a.fail(err)
	}
	if !b.OK {
		return a.notCompiled(name, b)
	}
	cmd := s.command(b.Program, rest)
	cmd.Limits.Time = runTime
	spec, err := scenario.FirstRun(filepath.Join(a.root, e.Steps[0].Scenario), nil)
	if err != nil {
		return a.fail(err)
	}
	if spec.Image != "" { // the exercise's programs are given an image
		if with, err := scenario.FirstRun(filepath.Join(a.root, e.Steps[0].Scenario), rest); err == nil {
			spec = with
		}
		if _, err := s.show(a.ctx, &cmd, spec.Image); err != nil {
			return a.fail(err)
		}
		provide(&cmd, spec.Folders)
	}
	var res *remote.Output
	if p.vm != "" {
		res, err = a.runInVM(p, cmd, e, spec.Features)
	} else {
		there := a.equipForRun(s.lacks(a.ctx), &cmd, e, spec.Features)
		if slices.Contains(there, network.Veth) {
			beyond := internet.New(internet.Options{Plain: true})
			defer beyond.Close()
			beyond.Provide(&cmd, sandbox.RetAllow)
		}
		res, err = a.interact(s, cmd)
	}
	if err != nil {
		return a.fail(err)
	}
	switch {
	case res.OutOfMemory:
		a.tell("the sandbox's memory limit was reached")
	case res.OutOfPIDs:
		a.tell("the sandbox's limit of processes was reached")
	}
	fmt.Fprintf(a.err, "[%s ended with status %d; the sandbox is gone]\n", name, res.Status)
	return res.Status
}

// interact runs cmd with the checker's own standard streams: on a terminal of
// its own that is relayed if they are one, else by pipes.
func (a *app) interact(s *session, cmd sandbox.Command) (*remote.Output, error) {
	res, err := a.relayed(s, cmd)
	if err != nil {
		return nil, err
	}
	return &remote.Output{Status: res.Code(), OutOfMemory: res.OutOfMemory, OutOfPIDs: res.OutOfPIDs}, nil
}

func (a *app) relayed(s *session, cmd sandbox.Command) (*sandbox.Result, error) {
	host := s.host
	if s.asRoot != nil {
		host = s.asRoot
	}
	if !term.IsTerminal(int(a.in.Fd())) || !term.IsTerminal(int(a.out.Fd())) {
		if !term.IsTerminal(int(a.in.Fd())) {
			cmd.Stdin = a.in
		}
		cmd.Stdout, cmd.Stderr = a.out, a.err
		return host.Run(a.ctx, cmd)
	}
	// The sandbox never gets the learner's own terminal: it could type into it
	// or change how it works.
	master, slave, err := pty.Open()
	if err != nil {
		return nil, fmt.Errorf("open terminal: %w", err)
	}
	defer master.Close()
	defer slave.Close()
	resize := func() { pty.InheritSize(a.in, master) }
	resize()
	sizes := make(chan os.Signal, 1)
	signal.Notify(sizes, unix.SIGWINCH)
	defer signal.Stop(sizes)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-sizes:
				resize()
			case <-stop:
				return
			}
		}
	}()
	old, err := term.MakeRaw(int(a.in.Fd()))
	if err != nil {
		return nil, fmt.Errorf("use terminal: %w", err)
	}
	defer term.Restore(int(a.in.Fd()), old)
	cmd.Env = append(cmd.Env, "TERM="+os.Getenv("TERM"), evidence.TerminalVariable+"=1")
	cmd.Terminal = sandbox.Terminal(int(slave.Fd()))
	done := make(chan struct{})
	go func() {
		defer close(done)
		io.Copy(a.out, master) // ends with EIO when the last slave is closed
	}()
	go io.Copy(master, a.in) // ends with the checker: a read from a terminal cannot be called back
	res, err := host.Run(a.ctx, cmd)
	slave.Close()
	<-done
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	return res, err
}

// equipForRun gives the sandbox what the exercise's host has, and says what of it
// is missing where it is run; it returns what is there. An internet is the caller's
// to give.
func (a *app) equipForRun(lacks func(string) (string, error), cmd *sandbox.Command, e *course.Exercise, features []string) (there []string) {
	for _, name := range features {
		why, err := lacks(name)
		if err != nil {
			why = err.Error()
		}
		if why == "" {
			there = append(there, name)
			continue
		}
		a.tell("this machine lacks %s, and so does the sandbox: %s", name, why)
		a.tell("in a VM that has it: make run STEP=%s VM=1; a check there: make check STEP=%s VM=1", e.Number, e.Number)
	}
	equip(cmd, there)
	return there
}
