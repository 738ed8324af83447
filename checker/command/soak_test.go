//go:build soak

package command

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// soakRounds is how often each program is checked.
const soakRounds = 1000

// TestSoak checks the solution of 03 and three reject programs again and
// again, two at a time, beside a processor that is kept busy: the verdict, the
// score and the causes must be the same every time. Each is compiled once; all
// else is done anew.
func TestSoak(t *testing.T) {
	a, c := kit(t)
	s := openTestSession(t, a)
	scratch, err := s.scratch()
	require.NoError(t, err)
	e, _, err := c.Find("03")
	require.NoError(t, err)

	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			default:
				runtime.Gosched()
			}
		}
	}()

	reject := filepath.Join(a.root, "testdata/submissions", e.ID, "reject")
	for _, dir := range []string{
		filepath.Join(a.root, "solutions", e.ID),
		filepath.Join(reject, "flag-missing-pid"), filepath.Join(reject, "parent-gone"), filepath.Join(reject, "child-failure-ignored"),
	} {
		b, err := s.build(a.ctx, e, dir)
		require.NoError(t, err)
		require.True(t, b.OK, "%v", b.Errors)
		by := newJudging(a.root, e)
		by.scratch = scratch
		var mu sync.Mutex
		seen := map[string]int{}
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				for range soakRounds / 2 {
					runs := s.runs(a.ctx, b, by.wanted(), false)
					steps, _ := by.steps(a.ctx, runs.run)
					runs.close()
					sum := grade.Sum(e.ID, dir, steps, grade.Build{OK: true}, 0)
					var text strings.Builder
					fmt.Fprintf(&text, "%s %d", sum.Verdict, sum.Score)
					for _, step := range sum.Steps {
						fmt.Fprintf(&text, " %s", step.Verdict)
						for _, f := range step.Findings {
							fmt.Fprintf(&text, " %s", f.Cause)
						}
					}
					mu.Lock()
					seen[text.String()]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		t.Logf("%s: %v", dir, seen)
		assert.Len(t, seen, 1, "%s: one verdict of %d checks", dir, soakRounds)
	}
}
