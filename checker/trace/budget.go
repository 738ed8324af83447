package trace

import (
	"slices"

	"pidone/checker/evidence"
)

// share is a part of a run's events. Each has a limit of its own, so that no
// flood of one kind of call uses up what another kind needs.
type share uint8

const (
	common   share = iota
	births         // calls that make a process, or another program of it
	changes        // calls that change the caller's state or the mounts
	remarks        // calls that only explain, such as signals
	openings       // of files for writing; who tries again and again is not to be at the limit
	outputs        // writes
	files          // writes to files and to /dev/null, which no reader sees
	shares
)

// limit is how many events of a share are kept.
func (s share) limit() int { return [shares]int{3000, 10000, 3000, 3000, 20000, maxWrites, 200}[s] }

// Limits of the writes that are no writes to files. A process has a share of
// its own, whatever others wrote before it; the hard limits end that.
const (
	maxWrites  = 14000     // events of a run
	ownWrites  = 500       // events of a process
	ownBytes   = 256 << 10 // bytes of a process
	hardWrites = 60000     // events of a run
	hardBytes  = 64 << 20  // bytes of a run
	freeWrites = 200       // events of a process before its writes are joined
	maxTails   = 8         // targets of a process whose writes are joined
)

func (c *call) share() share {
	switch {
	case c.class == makes, c.class == execs:
		return births
	case c.class == moves, c.class == remounts:
		return changes
	case c.class == asides:
		return remarks
	case c.class == opens:
		return openings
	case c.class == writes:
		return outputs
	}
	return common
}

// A budget is what has been used of the limits of a run.
type budget struct {
	events  [shares]int
	dropped int // events that are none, and still in Run.Events
	kept    int // bytes of writes
}

// full tells whether no more events of a share are kept.
func (b *budget) full(s share) bool { return b.events[s] >= s.limit() }

// room is how many more bytes are kept of what a process writes.
func (r *Recorder) room(p *process) int {
	kept := r.budget.kept
	return max(0, min(maxProcess-p.data, maxRun-kept), min(ownBytes-p.data, hardBytes-kept))
}

// silenced tells whether no more events of a process's writes are kept.
func (r *Recorder) silenced(p *process) bool {
	n := r.budget.events[outputs]
	return n >= maxWrites && p.writes >= ownWrites || n >= hardWrites
}

// nowhere tells whether no reader sees what is written there.
func nowhere(t *evidence.Target) bool { return t.Kind == "file" || t.Kind == "null" }

// A tail is the last write of a process to a target.
type tail struct {
	ev     *evidence.Event
	spaces inodes // of the thread that wrote
	mark   int    // Recorder.mark when it was entered
}

// gathered deals with a write that has returned: it is joined to the one before
// it, or kept as an event of its own, or, if there is no room for that, dropped.
func (r *Recorder) gathered(t *task, p *pending) {
	proc, ev := t.proc, p.ev
	i := slices.IndexFunc(proc.tails, func(l tail) bool { return *l.ev.Target == *ev.Target })
	if i >= 0 && proc.writes > freeWrites && r.joins(t, p, proc.tails[i]) {
		join(proc.tails[i].ev, ev)
		proc.writes--
		r.drop(p)
		return
	}
	if p.over {
		r.cut("events")
		proc.data -= len(ev.Data)
		r.budget.kept -= len(ev.Data)
		proc.writes--
		r.drop(p)
		return
	}
	if ev.Errno != "" {
		return
	}
	now := tail{ev, t.spaces, p.mark}
	switch {
	case i >= 0 && proc.tails[i].ev.Seq > ev.Seq:
	case i >= 0:
		proc.tails[i] = now
	default:
		if len(proc.tails) >= maxTails {
			proc.tails = slices.Delete(proc.tails, 0, 1)
		}
		proc.tails = append(proc.tails, now)
	}
}

// joins tells whether a write can be one event with the one before it: nobody
// could tell the difference, because nothing else happened between them.
func (r *Recorder) joins(t *task, p *pending, before tail) bool {
	a, b := before.ev, p.ev
	if b.Errno != "" || a.Seq > b.Seq || a.Call != b.Call || a.At != b.At ||
		before.mark != p.mark || before.spaces != t.spaces || a.Cut && len(b.Data) > 0 {
		return false
	}
	for _, other := range t.proc.tasks {
		if q := other.pending; other != t && q != nil && q.share == outputs && q.ev != nil && *q.ev.Target == *b.Target {
			return false // it may come out between them
		}
	}
	return true
}

// join makes one event of two writes. It counts from the second one on: what
// was so at the first is so at the second.
func join(a, b *evidence.Event) {
	a.Seq, a.Done, a.Time, a.After = b.Seq, b.Done, b.Time, b.After
	a.Data = append(a.Data, b.Data...)
	a.Size += b.Size
	a.Result += b.Result
	a.Cut = a.Cut || b.Cut
}

// remove takes an event out of the run, at once or with others later.
func (r *Recorder) remove(ev *evidence.Event) {
	ev.Call = ""
	if last := len(r.run.Events) - 1; last >= 0 && r.run.Events[last] == ev {
		r.run.Events[last] = nil
		r.run.Events = r.run.Events[:last]
		return
	}
	const many = 4096
	if r.budget.dropped++; r.budget.dropped >= many {
		r.sweep()
	}
}

// sweep takes every event that is none out of the run.
func (r *Recorder) sweep() {
	r.run.Events = slices.DeleteFunc(r.run.Events, func(ev *evidence.Event) bool { return ev.Call == "" })
	r.budget.dropped = 0
}
