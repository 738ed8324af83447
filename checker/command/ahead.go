package command

import (
	"context"
	"sync"
	"time"

	"pidone/checker/batch"
	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
)

// runs are those that the scenarios of one exercise ask for. Each is recorded once,
// when it is asked for; but while one lasts long others are begun, each in a sandbox of
// its own as always: a program that hangs does so in all of them, and the learner
// need not sit through one time limit after the other.
type runs struct {
	record scenario.Runner
	wanted []scenario.RunSpec // in the order in which they will be asked for
	long   time.Duration      // what lasts so long has others begun beside it
	most   int                // that are going on at once

	ctx  context.Context
	stop context.CancelFunc
	all  sync.WaitGroup

	mu    sync.Mutex
	begun map[string]*begunRun // by the spec's key
	going int
}

// begunRun is a run that was begun. The fields below done are set when it is closed.
type begunRun struct {
	since time.Time
	done  chan struct{}
	run   *evidence.Run
	err   error
}

// mostAtOnce is how many runs of one submission there may be at once. They sleep, so
// it is memory that limits it.
const mostAtOnce = 3

// memoryOfRun is what a run may need with its recorder, in bytes.
const memoryOfRun = 1 << 30

// runs returns the runs of a program, of which none has begun. Close ends those that
// nobody asked for. Alone, there is one run at a time, with nothing beside it.
func (s *session) runs(ctx context.Context, b *build.Result, wanted []scenario.RunSpec, alone bool) *runs {
	limit := s.limit
	if limit == 0 {
		limit = sandbox.DefaultLimits().Time
	}
	if s.guest != nil {
		limit *= slowness(s.guest.place.vm)
	}
	r := &runs{wanted: wanted, long: limit / 5, most: min(mostAtOnce, batch.Room(memoryOfRun)), begun: map[string]*begunRun{}}
	if alone {
		r.most = 1
	}
	r.record = func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
		return s.recordCommand(ctx, b, s.command(b.Program, spec.Args), spec, alone)
	}
	r.ctx, r.stop = context.WithCancel(ctx)
	return r
}

func (r *runs) close() {
	r.stop()
	r.all.Wait()
}

// run is a scenario.Runner; runs end with the context that they were opened with.
func (r *runs) run(_ context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
	r.mu.Lock()
	b := r.begin(spec)
	r.mu.Unlock()
	long := time.NewTimer(time.Until(b.since.Add(r.long)))
	defer long.Stop()
	select {
	case <-b.done:
	case <-long.C:
		r.beginOthers()
		<-b.done
	}
	return b.run, b.err
}

// begin returns the run of a spec, and begins it if it has not. The caller holds r.mu.
func (r *runs) begin(spec scenario.RunSpec) *begunRun {
	key := spec.Key()
	if b := r.begun[key]; b != nil {
		return b
	}
	b := &begunRun{since: time.Now(), done: make(chan struct{})}
	r.begun[key] = b
	r.going++
	r.all.Go(func() {
		defer close(b.done)
		b.run, b.err = r.record(r.ctx, spec)
		r.mu.Lock()
		r.going--
		r.mu.Unlock()
	})
	return b
}

func (r *runs) beginOthers() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, spec := range r.wanted {
		if r.going >= r.most {
			return
		}
		r.begin(spec)
	}
}
