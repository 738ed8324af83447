package command

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/grade"
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
		assert.Equal(t, c.doubted, doubt(r, 1) != "", name)
	}
	assert.Empty(t, doubtBuild(&build.Result{}, 0))
	assert.Empty(t, doubtBuild(&build.Result{OutOfTime: true, CPU: 50 * time.Second}, 0))
	assert.NotEmpty(t, doubtBuild(&build.Result{OutOfTime: true, CPU: 5 * time.Second}, 0))
	assert.Empty(t, doubtBuild(&build.Result{OutOfTime: true, CPU: 5 * time.Second}, 6*time.Second))
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

// TestOverslept says which runs are out of time on any machine.
func TestOverslept(t *testing.T) {
	const limit = 30_000_000
	gone := func(from, to int64) *evidence.Process {
		return &evidence.Process{Time: from, Exit: &evidence.Exit{Time: to}}
	}
	for name, c := range map[string]struct {
		end       evidence.End
		processes []*evidence.Process
		overslept bool
	}{
		"it slept":                       {evidence.End{CPU: 12_000, Waited: 30_000}, nil, true},
		"it slept for a third":           {evidence.End{CPU: 12_000_000, Waited: 8_000_000}, nil, true},
		"it slept for less":              {evidence.End{CPU: 12_000_000, Waited: 8_100_000}, nil, false},
		"two at once":                    {evidence.End{CPU: 31_000_000, Waited: 20_000_000}, nil, false},
		"one had ended soon":             {evidence.End{CPU: 1_000_000, Waited: 8_000_000}, []*evidence.Process{gone(1_000_000, 2_000_000)}, true},
		"one had ended, late":            {evidence.End{CPU: 1_000_000, Waited: 8_000_000}, []*evidence.Process{gone(1_000_000, 20_000_000)}, false},
		"many had ended":                 {evidence.End{CPU: 1_000_000}, slices.Repeat([]*evidence.Process{gone(5_000_000, 6_000_000)}, 20), false},
		"many were there":                {evidence.End{CPU: 1_000_000}, slices.Repeat([]*evidence.Process{{Time: 20_000_000}}, 20), true},
		"there were more than are known": {evidence.End{CPU: 1_000_000, Cut: []string{"processes"}}, nil, false},
		"the kernel does not count":      {evidence.End{}, nil, false},
	} {
		c.end.TimedOut, c.end.Limit = true, limit
		run := &evidence.Run{End: c.end, Processes: c.processes}
		assert.Equal(t, c.overslept, overslept(run, 3, 0), name)
		assert.False(t, overslept(run, 1, 0), name)
		assert.False(t, overslept(run, 3, 20*time.Second), name)
		r := &scenario.Recording{Runs: []scenario.RecordedRun{{Run: run}}}
		assert.Equal(t, c.overslept || hadMachine(run), doubt(r, 3) == "", name)
	}
}

// TestOnceMore says after what a check judges again, alone, and that it believes that.
func TestOnceMore(t *testing.T) {
	t.Parallel()
	passed, failed := grade.StepResult{Verdict: grade.Pass}, grade.StepResult{Verdict: grade.Fail}
	unknown := grade.StepResult{Verdict: grade.Error, Reason: "no answer"}
	undecided := grade.StepResult{Verdict: grade.Error, Reason: "real root may", Try: "AS=root"}
	for name, c := range map[string]struct {
		first  []grade.StepResult
		doubt  string
		judged int
	}{
		"passed":                 {[]grade.StepResult{passed, passed}, "", 1},
		"failed":                 {[]grade.StepResult{passed, failed}, "", 1},
		"could not tell":         {[]grade.StepResult{passed, unknown}, "", 2},
		"has its doubts":         {[]grade.StepResult{passed, failed}, "out of time", 2},
		"it is known what helps": {[]grade.StepResult{undecided, undecided}, "", 1},
	} {
		var alone []bool
		got := onceMore(t.Context(), func(only bool) ([]grade.StepResult, string) {
			if alone = append(alone, only); only {
				return []grade.StepResult{passed}, "it is believed even so"
			}
			return c.first, c.doubt
		})
		want := c.first
		if c.judged == 2 {
			want = []grade.StepResult{passed}
		}
		assert.Equal(t, []bool{false, true}[:c.judged], alone, name)
		assert.Equal(t, want, got, name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	onceMore(ctx, func(only bool) ([]grade.StepResult, string) {
		assert.False(t, only, "nobody waits for it any more")
		return []grade.StepResult{unknown}, ""
	})
}
