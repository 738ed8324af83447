package remote

import (
	"context"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// slack is how long an answer may take beyond the time limit of what was asked
// for: the other machine may be emulated on a busy one.
const slack = 5 * time.Minute

// Client asks the other machine. Its methods may be called by several
// goroutines at once.
type Client struct {
	mu      sync.Mutex
	enc     *gob.Encoder
	next    uint64
	waiting map[uint64]chan<- *reply
	shelf   shelf
	lost    error // why no more replies come
}

// NewClient returns a Client for a stream of which the other end is Serve's. It
// reads from the stream until that ends.
func NewClient(stream io.ReadWriter) *Client {
	c := &Client{enc: gob.NewEncoder(stream), waiting: map[uint64]chan<- *reply{}}
	go c.receive(gob.NewDecoder(stream))
	return c
}

func (c *Client) receive(dec *gob.Decoder) {
	for {
		r := &reply{}
		if err := dec.Decode(r); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.lost = fmt.Errorf("%w: %w", ErrLost, err)
			for _, answer := range c.waiting {
				close(answer)
			}
			clear(c.waiting)
			return
		}
		c.mu.Lock()
		answer := c.waiting[r.ID]
		delete(c.waiting, r.ID)
		c.mu.Unlock()
		if answer != nil { // else nobody waits any more
			answer <- r
		}
	}
}

// ask sends a request and waits for its reply.
func (c *Client) ask(ctx context.Context, req *request, limit time.Duration) (*reply, error) {
	answer := make(chan *reply, 1)
	if err := c.send(req, answer); err != nil {
		return nil, err
	}
	timer := time.NewTimer(limit + slack)
	defer timer.Stop()
	select {
	case r := <-answer:
		if r == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			return nil, c.lost
		}
		if r.Err != "" {
			return nil, errors.New(r.Err)
		}
		return r, nil
	case <-timer.C:
		return nil, fmt.Errorf("%w: nothing came for %v", ErrLost, limit+slack)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Client) send(req *request, answer chan<- *reply) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost != nil {
		return c.lost
	}
	c.next++
	req.ID = c.next
	if req.Run != nil {
		req.Run.Pieces = c.shelf.pack(&req.Run.Command)
	}
	if err := c.enc.Encode(req); err != nil {
		c.lost = fmt.Errorf("%w: %w", ErrLost, err)
		return c.lost
	}
	c.waiting[req.ID] = answer
	return nil
}

// Record is trace.Record on the other machine. Folders that the command binds
// are that machine's; it cannot have streams, a terminal or a watcher.
func (c *Client) Record(ctx context.Context, cmd sandbox.Command, o Options) (*evidence.Run, error) {
	if cmd.Stdin != nil || cmd.Stdout != nil || cmd.Stderr != nil || cmd.Terminal != 0 || cmd.Watcher != nil {
		return nil, fmt.Errorf("record %s on another machine: it has streams of this one", cmd.Path)
	}
	const most = 4 // times the limit is what a busy machine may take, sandbox.Limits
	r, err := c.ask(ctx, &request{Run: &run{Command: cmd, Options: o}}, most*cmd.Limits.Time)
	if err != nil {
		return nil, err
	}
	run := &evidence.Run{}
	if err := json.Unmarshal(r.Run, run); err != nil {
		return nil, fmt.Errorf("read evidence of another machine: %w", err)
	}
	return run, nil
}

// Exec runs a program, which may take as long as limit.
func (c *Client) Exec(ctx context.Context, p Program, limit time.Duration) (*Output, error) {
	r, err := c.ask(ctx, &request{Exec: &p}, limit)
	if err != nil {
		return nil, err
	}
	return r.Output, nil
}

// Open opens a terminal for the next Exec or Try. What is typed before comes to
// nothing that could be relied on.
func (c *Client) Open(ctx context.Context, t Terminal) error {
	_, err := c.ask(ctx, &request{Open: &t}, 0)
	return err
}

// Try runs a command in a sandbox on the terminal that was opened, unrecorded.
// Folders that it binds are the other machine's. With internet its host has one.
func (c *Client) Try(ctx context.Context, cmd sandbox.Command, internet, root bool) (*Output, error) {
	r, err := c.ask(ctx, &request{Try: &try{cmd, internet, root}}, cmd.Limits.Time)
	if err != nil {
		return nil, err
	}
	return r.Output, nil
}

// Put writes a file, which may be there already, in a folder that is.
func (c *Client) Put(ctx context.Context, path string, data []byte) error {
	_, err := c.ask(ctx, &request{Put: &file{path, data}}, 0)
	return err
}

// Probe is sandbox.Probe on the other machine.
func (c *Client) Probe(ctx context.Context) ([]sandbox.Feature, error) {
	r, err := c.ask(ctx, &request{Probe: &struct{}{}}, sandbox.DefaultLimits().Time)
	if err != nil {
		return nil, err
	}
	return r.Features, nil
}
