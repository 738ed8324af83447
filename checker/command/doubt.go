package command

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/scenario"
)

// doubt says why what runs came to may be the doing of a busy machine, and not
// the submission's; empty: it is the submission's. slow is by how much time limits
// had grown.
//
// Limits of time are the wall clock's, and a run that has to wait for a CPU gets
// more of it, up to a bound. A run that reached its limit is believed if it had the
// machine: if its processes were on a CPU for all of the limit, or nearly so, or if
// they waited for one less than a quarter of it, all together, because then they
// slept, or ran, in all the rest. What has ended by then is in neither sum; so a run
// that kept making processes is not believed by the second rule. And it is believed if
// it slept for longer than it may take at all.
func doubt(r *scenario.Recording, slow time.Duration) string {
	for i := range r.Runs {
		run := r.Runs[i].Run
		if run == nil || !run.End.TimedOut {
			continue
		}
		if hadMachine(run) || overslept(run, slow, 0) {
			continue
		}
		return outOfTime(run)
	}
	return ""
}

func outOfTime(run *evidence.Run) string {
	return fmt.Sprintf("a run was out of time after %v on a CPU and %v of waiting for one",
		time.Duration(run.End.CPU)*time.Microsecond, time.Duration(run.End.Waited)*time.Microsecond)
}

// doubtBuild is doubt for what compiling came to. Of a compiler nobody waits but
// the checker, so it is believed only if it had a CPU for half of its time; what
// ended before counts against it, and that is rare. limit is that time; 0: package
// build's own.
func doubtBuild(b *build.Result, limit time.Duration) string {
	if b.OutOfTime && b.CPU < cmp.Or(limit, compileTime)/2 {
		return fmt.Sprintf("compiling was out of time after %v on a CPU", b.CPU)
	}
	return ""
}

// compileTime is what package build gives a compilation.
const compileTime = time.Minute

// manyProcesses is how many a run makes in the second half of its time if it
// keeps making them.
const manyProcesses = 10

func hadMachine(run *evidence.Run) bool {
	if run.End.CPU == 0 && run.End.Waited == 0 {
		return false // this kernel does not count
	}
	return run.End.CPU >= run.End.Limit-run.End.Limit/16 || run.End.Waited < run.End.Limit/4 && !keepsMaking(run)
}

// slept tells whether what was there when a run was out of time had slept for
// nearly all of the second half: however slow the machine is, that it would do
// again. What began in that half, and has ended, is in no sum.
func slept(run *evidence.Run) bool {
	return run.End.CPU+run.End.Waited > 0 && run.End.Late < run.End.Limit/16 && madeLate(run) == 0
}

// overslept tells whether a run that was out of time, with a limit slow times as long as
// on the machine itself, slept for longer than that one: it would have been out of time
// on any machine. Of what has ended it is not known how long it slept; so it counts as
// if it never had, and so does the time for which its VM was stalled: then even a timer
// waits.
func overslept(run *evidence.Run, slow, stalled time.Duration) bool {
	busy := run.End.CPU + run.End.Waited
	if busy == 0 || slices.Contains(run.End.Cut, "processes") {
		return false
	}
	for _, p := range run.Processes {
		if p.Exit != nil {
			busy += p.Exit.Time - p.Time
		}
	}
	busy += stalled.Microseconds()
	return run.End.Limit-busy >= run.End.Limit/int64(slow)
}

func keepsMaking(run *evidence.Run) bool { return madeLate(run) >= manyProcesses }

// madeLate counts the processes that were made in the second half of the time.
func madeLate(run *evidence.Run) (late int) {
	for _, p := range run.Processes {
		if p.Time > run.End.Limit/2 {
			late++
		}
	}
	return late
}
