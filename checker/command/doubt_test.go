package command

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/scenario"
)

// TestDoubt says which runs out of time are believed.
func TestDoubt(t *testing.T) {
	const limit = 10_000_000
	ended := func(cpu, waited int64, late int) *evidence.Run {
		r := &evidence.Run{End: evidence.End{TimedOut: true, Limit: limit, CPU: cpu, Waited: waited}}
		for range late {
			r.Processes = append(r.Processes, &evidence.Process{Time: limit - 1})
		}
		return r
	}
	for name, c := range map[string]struct {
		run     *evidence.Run
		doubted bool
	}{
		"it slept":                              {ended(12_000, 30_000, 0), false},
		"it computed":                           {ended(9_500_000, 400_000, 0), false},
		"it computed beside others":             {ended(5_100_000, 4_900_000, 0), true},
		"it computed beside others, for longer": {ended(10_100_000, 9_800_000, 0), false},
		"it had a fifth of a CPU":               {ended(2_000_000, 8_000_000, 0), true},
		"it slept, and was kept from a CPU":     {ended(100_000, 2_600_000, 0), true},
		"what it kept making cannot be counted": {ended(100_000, 100_000, manyProcesses), true},
		"a bomb that had the machine":           {ended(15_000_000, 900_000_000, 200), false},
		"the kernel does not count":             {ended(0, 0, 0), true},
		"in time":                               {&evidence.Run{}, false},
	} {
		r := &scenario.Recording{Runs: []scenario.RecordedRun{{Run: &evidence.Run{}}, {Run: c.run}}}
		assert.Equal(t, c.doubted, doubt(r) != "", name)
	}
	assert.Empty(t, doubtBuild(&build.Result{}))
	assert.Empty(t, doubtBuild(&build.Result{OutOfTime: true, CPU: 50 * time.Second}))
	assert.NotEmpty(t, doubtBuild(&build.Result{OutOfTime: true, CPU: 5 * time.Second}))
}

// TestSlept says of which runs a slow machine cannot be the reason.
func TestSlept(t *testing.T) {
	const limit = 10_000_000
	for name, c := range map[string]struct {
		end   evidence.End
		late  int
		slept bool
	}{
		"it slept":                              {evidence.End{CPU: 12_000, Waited: 30_000, Late: 400}, 0, true},
		"it slept, when others let it begin":    {evidence.End{CPU: 1_000_000, Waited: 3_500_000, Late: 90_000}, 0, true},
		"it computed":                           {evidence.End{CPU: 9_500_000, Waited: 400_000, Late: 4_900_000}, 0, false},
		"it computed a little, over and over":   {evidence.End{CPU: 1_600_000, Waited: 0, Late: 800_000}, 0, false},
		"it waited for a CPU":                   {evidence.End{CPU: 10_000, Waited: 9_000_000, Late: 5_000_000}, 0, false},
		"what it made late may have ended late": {evidence.End{CPU: 100_000, Waited: 100_000, Late: 1_000}, 1, false},
		"the kernel does not count":             {evidence.End{}, 0, false},
	} {
		c.end.TimedOut, c.end.Limit = true, limit
		run := &evidence.Run{End: c.end}
		for range c.late {
			run.Processes = append(run.Processes, &evidence.Process{Time: limit - 1})
		}
		assert.Equal(t, c.slept, slept(run), name)
	}
}
