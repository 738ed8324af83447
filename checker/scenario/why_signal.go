package scenario

import (
	"slices"

	"pidone/checker/evidence"
)

// signalled adds to b who sent a process the signal that ended it, as far as that is
// known: the kernel sends some itself.
func (f *facts) signalled(p *evidence.Process, b because) because {
	b.try = "find where that signal comes from"
	for _, e := range slices.Backward(f.run.Events) {
		if e.Signal != p.Exit.Signal || e.Errno != "" || e.Seq > p.Exit.Seq || !f.aimedAt(e, p) {
			continue
		}
		b.why = f.who(f.run.Process(e.Process)) + " sent it that signal"
		if e.Process == p.ID {
			b.why = "it sent that signal to itself"
		}
		b.try = "leave that signal out: let the process end by itself"
		b.at = e.At
		break
	}
	return b
}

// aimedAt tells whether a signal was sent to a process by its pid, as the sender
// knows it, or by its pidfd.
func (f *facts) aimedAt(e *evidence.Event, p *evidence.Process) bool {
	by, level := f.run.Process(e.Process), 0
	if e.Call == "kill" {
		level = len(by.PIDs) - 1
	}
	if level < 0 || level >= len(p.PIDs) || p.PIDs[level] != e.PID {
		return false
	}
	return level == 0 || state(by).Namespaces["pid"] == state(p).Namespaces["pid"]
}
