package remote

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"pidone/checker/build"
	"pidone/checker/internet"
	"pidone/checker/network"
	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// server answers on one stream.
type server struct {
	mu    sync.Mutex
	enc   *gob.Encoder
	shelf shelf
	tty   *os.File // opened for the next program; nil: none is
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
		// Before the next request, as the client has it.
		prepared := s.prepare(req.Run)
		wg.Go(func() {
			r := &reply{}
			if prepared.err != nil {
				r.Err = prepared.err.Error()
			} else {
				r = s.answer(ctx, req, prepared.lines)
			}
			r.ID = req.ID
			s.mu.Lock()
			defer s.mu.Unlock()
			// Who asked is gone if it fails, and the stream's end is near.
			_ = s.enc.Encode(r)
		})
	}
}

// prepared is what a run needs of the shelf besides its files.
type prepared struct {
	lines *build.LineTable // nil: none are wanted
	err   error
}

func (s *server) prepare(r *run) (p prepared) {
	if r == nil {
		return p
	}
	if p.err = s.shelf.unpack(&r.Command, r.Pieces); p.err != nil || r.Options.Lines == nil {
		return p
	}
	i := slices.IndexFunc(r.Command.Files, func(f sandbox.File) bool { return f.Path == r.Command.Path })
	if i < 0 {
		p.err = fmt.Errorf("resolve lines: %s is not among the files", r.Command.Path)
		return p
	}
	p.lines = s.shelf.table(*r.Options.Lines, r.Command.Files[i].Data)
	return p
}

func (s *server) answer(ctx context.Context, req *request, lines *build.LineTable) *reply {
	r, err := &reply{}, error(nil)
	switch {
	case req.Run != nil:
		r.Run, err = s.record(ctx, req.Run, lines)
	case req.Open != nil:
		err = s.openTerminal(req.Open)
	case req.Try != nil:
		r.Output, err = s.try(ctx, req.Try)
	case req.Exec != nil:
		r.Output, err = s.execute(ctx, req.Exec)
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

func (s *server) host(root bool) (*sandbox.Host, error) {
	if root {
		return s.hosts[1]()
	}
	return s.hosts[0]()
}

func (s *server) record(ctx context.Context, req *run, lines *build.LineTable) ([]byte, error) {
	host, err := s.host(req.Options.Root)
	if err != nil {
		return nil, err
	}
	opts := trace.Options{Inject: req.Options.Inject, Image: req.Options.Image, Input: req.Options.Input}
	if req.Options.Internet {
		opts.Internet = internet.New(internet.Options{})
	}
	if lines != nil {
		opts.Resolve = lines.Line
	}
	run, err := trace.Record(ctx, host, req.Command, opts)
	if err != nil {
		return nil, err
	}
	return json.Marshal(run)
}
