package scenario

import (
	"slices"

	"pidone/checker/evidence"
)

// tracedTwice tells whether the first process or the child failed after it had
// asked to be traced by its parent. A process has one tracer, and here that is the
// recorder: what the program does where it is not watched cannot be told then.
func (f *facts) tracedTwice() bool {
	return slices.ContainsFunc(f.run.Events, func(e *evidence.Event) bool {
		p := f.run.Process(e.Process)
		if e.Call != "ptrace" || e.Errno != "EPERM" || p != f.first && p != f.child {
			return false
		}
		wentOn := slices.ContainsFunc(p.Execs, func(x evidence.Exec) bool { return x.Seq > e.Seq })
		return !wentOn && p.Exit != nil && p.Exit.Code != 0 && !p.Exit.Injected
	})
}
