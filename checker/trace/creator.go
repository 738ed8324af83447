package trace

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// maxUnborn is how many calls are remembered that were cut off.
const maxUnborn = 64

// unfinished deals with the end of a thread within a call: if that call made a
// process, nobody will say so any more.
func (r *Recorder) unfinished(t *task) {
	p := t.pending
	if p == nil || p.call.class != makes || p.born || t.proc == nil {
		return
	}
	p.born = true // counted once
	if p.call.nr == unix.SYS_CLONE3 {
		r.uncover()
	}
	if len(r.unborn) >= maxUnborn {
		r.unborn = slices.Delete(r.unborn, 0, 1)
	}
	r.unborn = append(r.unborn, t.proc)
}

// guess finds a creator for a process whose creator was killed before it could
// say that it made it. Its parent is the creator, unless that is one to which
// the kernel gives orphans: the first process of a PID namespace. Then it is
// the last one that was killed within such a call, in a PID namespace from
// which the child's can be made; else that parent; else the first process.
func (r *Recorder) guess(child *process, s procStatus) {
	defer func() { child.guessed = true }()
	parent := r.procs[s.ppid]
	if parent != nil && parent.ev != nil && parent.ev.PIDSelf() != 1 {
		r.credit(child, parent, nil)
		return
	}
	levels := len(s.nspid) - r.depth
	for i, p := range slices.Backward(r.unborn) {
		if p.ev != nil && p != child && (len(p.ev.PIDs) == levels || len(p.ev.PIDs) == levels-1) {
			r.unborn = slices.Delete(r.unborn, i, i+1)
			parent = p
			break
		}
	}
	if parent == nil {
		parent = r.first
	}
	if parent == nil || parent == child {
		return
	}
	r.credit(child, parent, nil)
	if child.ev != nil {
		child.ev.CreatorUnknown = true
	}
}

// afterMaking looks at the return of a call that may have made a process.
func (r *Recorder) afterMaking(t *task, p *pending, result int64) {
	switch {
	case p.born:
	case result == -int64(unix.EAGAIN):
		r.run.End.OutOfPIDs = true
	case result > 0:
		// It made something that the kernel did not attach to this thread.
		r.run.End.Hiding = fmt.Sprintf("%s made a process with CLONE_UNTRACED", p.call.name)
		if t.proc.ev != nil && len(r.run.Processes) < maxProcesses {
			hidden := &evidence.Process{ID: len(r.run.Processes), Creator: t.proc.ev.ID, Seq: r.next(), Time: r.elapsed(), Hidden: true}
			if p.ev != nil {
				hidden.Call, p.ev.Child = p.ev.Seq, hidden.ID
			}
			r.run.Processes = append(r.run.Processes, hidden)
		}
		r.kill()
	}
	if p.flags&unix.CLONE_THREAD != 0 && !p.born {
		r.dropThread(p)
	}
}
