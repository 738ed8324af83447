package remote

import (
	"bytes"
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"pidone/checker/internet"
	"pidone/checker/network"
	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// server answers on one stream.
type server struct {
	mu  sync.Mutex
	enc *gob.Encoder
	// hosts are opened when they are first needed: an ordinary one, and one for
	// Options.Root.
	hosts [2]func() (*sandbox.Host, error)
}

// Serve answers requests until the stream ends, which is no error, and then
// waits for what is under way: ctx ends that.
func Serve(ctx context.Context, stream io.ReadWriter) error {
	ctx, stop := context.WithCancel(ctx)
	s := &server{enc: gob.NewEncoder(stream)}
	s.hosts[0] = sync.OnceValues(sandbox.Open)
	s.hosts[1] = sync.OnceValues(sandbox.OpenRoot)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	for dec := gob.NewDecoder(stream); ; {
		req := &request{}
		switch err := dec.Decode(req); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read request: %w", err)
		}
		wg.Go(func() {
			r := s.answer(ctx, req)
			r.ID = req.ID
			s.mu.Lock()
			defer s.mu.Unlock()
			// Who asked is gone if it fails, and the stream's end is near.
			_ = s.enc.Encode(r)
		})
	}
}

func (s *server) answer(ctx context.Context, req *request) *reply {
	r, err := &reply{}, error(nil)
	switch {
	case req.Run != nil:
		r.Run, err = s.record(ctx, req.Run)
	case req.Exec != nil:
		r.Output, err = execute(ctx, req.Exec)
	case req.Put != nil:
		err = os.WriteFile(req.Put.Path, req.Put.Data, 0o644)
	case req.Probe != nil:
		r.Features = append(sandbox.Probe(ctx), network.Probe()...)
	default:
		err = errors.New("a request for nothing")
	}
	if err != nil {
		r.Err = err.Error()
	}
	return r
}

func (s *server) record(ctx context.Context, req *run) ([]byte, error) {
	which := 0
	if req.Options.Root {
		which = 1
	}
	host, err := s.hosts[which]()
	if err != nil {
		return nil, err
	}
	opts := trace.Options{Inject: req.Options.Inject, Image: req.Options.Image, Input: req.Options.Input}
	if req.Options.Internet {
		opts.Internet = internet.New(internet.Options{})
	}
	if req.Options.Lines != nil {
		i := slices.IndexFunc(req.Command.Files, func(f sandbox.File) bool { return f.Path == req.Command.Path })
		if i < 0 {
			return nil, fmt.Errorf("resolve lines: %s is not among the files", req.Command.Path)
		}
		opts.Resolve = req.Options.Lines.Table(req.Command.Files[i].Data).Line
	}
	run, err := trace.Record(ctx, host, req.Command, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(run)
}

// execute runs a program outside of any sandbox.
func execute(ctx context.Context, p *Program) (*Output, error) {
	cmd := exec.CommandContext(ctx, p.Path, p.Args...)
	cmd.Dir, cmd.Env = p.Dir, append(os.Environ(), p.Env...)
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	if p.Terminal != "" {
		tty, err := terminal(p)
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", p.Path, err)
		}
		defer tty.Close()
		cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	}
	err := cmd.Run()
	out := &Output{Text: text.Bytes()}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		out.Status = exit.ExitCode()
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() {
			out.Status = 128 + int(ws.Signal())
		}
	case err != nil:
		return nil, fmt.Errorf("run %s: %w", p.Path, err)
	}
	return out, nil
}

// terminal opens a program's terminal. Whoever reads its other end has seen all
// that was written when it is closed.
func terminal(p *Program) (*os.File, error) {
	fd, err := unix.Open(p.Terminal, unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open terminal %s: %w", p.Terminal, err)
	}
	size := unix.Winsize{Row: uint16(p.Rows), Col: uint16(p.Columns)}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &size); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("set size of terminal: %w", err)
	}
	return os.NewFile(uintptr(fd), p.Terminal), nil
}
