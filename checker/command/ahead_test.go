package command

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/scenario"
)

// fakeRuns returns runs that each take as long as their spec's only argument says,
// and how many were going on at most.
func fakeRuns(ctx context.Context, most int, times ...string) (r *runs, peak func() int) {
	var going, highest atomic.Int32
	r = &runs{long: 2 * time.Second, most: most, begun: map[string]*begunRun{}}
	for _, s := range times {
		r.wanted = append(r.wanted, scenario.RunSpec{Args: []string{s}})
	}
	r.record = func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
		highest.Store(max(highest.Load(), going.Add(1)))
		defer going.Add(-1)
		lasts, err := time.ParseDuration(spec.Args[0])
		if err != nil {
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(lasts):
			return &evidence.Run{End: evidence.End{TimedOut: lasts >= 10*time.Second}}, nil
		}
	}
	r.ctx, r.stop = context.WithCancel(ctx)
	return r, func() int { return int(highest.Load()) }
}

func TestRuns(t *testing.T) {
	all := func(r *runs) {
		for _, spec := range r.wanted {
			_, err := r.run(r.ctx, spec)
			require.NoError(t, err)
		}
	}
	for name, c := range map[string]struct {
		times []string
		most  int
		takes time.Duration
		peak  int
	}{
		"quick ones follow each other":     {[]string{"1s", "1.1s", "1.2s"}, 3, 3300 * time.Millisecond, 1},
		"the same is recorded once":        {[]string{"1s", "1s", "1s"}, 3, time.Second, 1},
		"one that hangs has others beside": {[]string{"10s", "10.1s", "10.2s"}, 3, 12200 * time.Millisecond, 3},
		"no more than there is room for":   {[]string{"10s", "10.1s", "10.2s", "10.3s"}, 2, 22400 * time.Millisecond, 2},
		"nothing beside":                   {[]string{"10s", "11s"}, 1, 21 * time.Second, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r, peak := fakeRuns(t.Context(), c.most, c.times...)
				start := time.Now()
				all(r)
				r.close()
				assert.Equal(t, c.takes, time.Since(start))
				assert.Equal(t, c.peak, peak())
			})
		})
	}
}

// What was begun and is not asked for ends with close; an error is told to
// who asks.
func TestRunsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := fakeRuns(t.Context(), 3, "3s", "never", "1h")
		_, err := r.run(r.ctx, r.wanted[0])
		require.NoError(t, err)
		_, err = r.run(r.ctx, r.wanted[1])
		assert.Error(t, err)
		start := time.Now()
		r.close()
		assert.Zero(t, time.Since(start))
		_, err = r.run(r.ctx, r.wanted[2])
		assert.ErrorIs(t, err, context.Canceled)
	})
}
