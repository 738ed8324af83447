package batch

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"

	"pidone/checker/grade"
)

// A Submission is one of many, opened.
type Submission interface {
	// Key is a hash of all that the result depends on.
	Key() string
	// Grade grades it. What the checker broke at is an Attempt with the verdict
	// error; a Go error stops the whole batch.
	Grade(ctx context.Context, turn *Turn) (*Attempt, error)
	// Broken is the result where grading panicked.
	Broken(why string) *Attempt
	Close()
}

// An Opener opens the submission of that name. Several may be open at once. Its
// error stops the whole batch.
type Opener func(ctx context.Context, name string) (Submission, error)

// An Attempt is what grading a submission once came to.
type Attempt struct {
	Record   *grade.Record
	Evidence *Evidence // nil: it is not wanted
	// Doubt says why the result may be that of a busy machine; empty: it is
	// the submission's own.
	Doubt string
}

// Options say how to grade a class.
type Options struct {
	Names []string // the submissions to grade, sorted
	Open  Opener
	Jobs  int // how many turns there are: how many at once, but for those that lend theirs
	Redo  bool
	// Only, if not nil, are the names to grade now. Results of others are looked
	// at, and not made.
	Only map[string]bool
	// Evidence says that a result without evidence is to be made again.
	Evidence bool
	// Done is told of every result, by one goroutine at a time; nil record: the
	// submission is not among Only and has none.
	Done func(Done)
	// Again is told, in the same way, that so many are graded again, alone.
	Again func(int)
}

// Done is one submission that is through.
type Done struct {
	Name    string
	Verdict grade.Verdict // "": there is no result
	Score   int
	Max     int
	Reused  bool // the result was there already
}

// Run grades submissions and keeps their results in the store. When ctx is
// done it returns ctx's error; what was reached by then is kept.
func Run(ctx context.Context, store *Store, o Options) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	b := &batch{Options: o, store: store, turns: make(chan struct{}, max(1, o.Jobs))}
	names := make(chan string)
	var workers sync.WaitGroup
	for range min(cap(b.turns)*(1+MaxLent), MaxOpen, len(o.Names)) {
		workers.Go(func() {
			for name := range names {
				if err := b.one(ctx, name, false); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
feed:
	for _, name := range o.Names {
		select {
		case names <- name:
		case <-ctx.Done():
			break feed
		}
	}
	close(names)
	workers.Wait()
	if ctx.Err() == nil && len(b.again) > 0 {
		slices.Sort(b.again)
		if o.Again != nil {
			o.Again(len(b.again))
		}
		for _, name := range b.again {
			if err := b.one(ctx, name, true); err != nil {
				return err
			}
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// batch is a run of many.
type batch struct {
	Options
	store *Store
	turns chan struct{}

	mu    sync.Mutex // for what is below, and for calls of Done
	again []string
}

// one grades one submission, if need be. Alone says that it is the second time.
func (b *batch) one(ctx context.Context, name string, alone bool) error {
	turn := &Turn{turns: b.turns}
	turn.take()
	defer turn.give()
	if ctx.Err() != nil {
		return nil
	}
	s, err := b.Open(ctx, name)
	if err != nil {
		return err
	}
	defer s.Close()
	chosen := b.Only == nil || b.Only[name]
	if !alone && !(chosen && b.Redo) {
		old, err := b.store.Record(name)
		if err != nil {
			return err
		}
		if b.good(s, old) {
			b.done(old, true)
			return nil
		}
	}
	if !chosen {
		b.none(name)
		return nil
	}
	a, err := guarded(ctx, s, turn)
	if err != nil {
		return err
	}
	if !alone && (a.Record.Entry.Verdict == grade.Error || a.Doubt != "") {
		b.mu.Lock()
		b.again = append(b.again, name)
		b.mu.Unlock()
		return nil
	}
	if err := b.store.Keep(a.Record, a.Evidence); err != nil {
		return err
	}
	b.done(a.Record, false)
	return nil
}

// good tells whether an old result is still the submission's.
func (b *batch) good(s Submission, old *grade.Record) bool {
	return old != nil && old.Key == s.Key() && told(&old.Entry) &&
		(!b.Evidence || b.store.HasEvidence(old.Entry.Name))
}

// told tells whether all could be told: nothing is an error, nor was skipped
// because the machine, which may be another one now, lacked a feature.
func told(e *grade.Entry) bool {
	return e.Verdict != grade.Error && !slices.ContainsFunc(e.Steps, func(s grade.StepResult) bool {
		return s.Verdict == grade.Skip && len(s.Needs) == 0
	})
}

// guarded grades a submission. That something in the checker panicked is an
// error of that submission, and no other's.
func guarded(ctx context.Context, s Submission, turn *Turn) (a *Attempt, err error) {
	defer func() {
		if p := recover(); p != nil {
			a, err = s.Broken(fmt.Sprintf("the checker panicked: %v\n%s", p, debug.Stack())), nil
		}
	}()
	return s.Grade(ctx, turn)
}

func (b *batch) done(r *grade.Record, reused bool) {
	if b.Options.Done == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	e := &r.Entry
	b.Options.Done(Done{Name: e.Name, Verdict: e.Verdict, Score: e.Score, Max: e.MaxScore, Reused: reused})
}

func (b *batch) none(name string) {
	if b.Options.Done == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.Options.Done(Done{Name: name})
}
