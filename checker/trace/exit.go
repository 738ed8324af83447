package trace

import (
	"slices"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// exiting deals with PTRACE_EVENT_EXIT: a thread will run nothing of its
// program any more, and still has its namespaces and children.
//
// It may not be seen: a task that is killed at another stop goes on to this one,
// and what lets it go from the other one lets it go from this one.
func (r *Recorder) exiting(t *task) error {
	p := t.proc
	r.unfinished(t)
	t.exiting, t.pending = true, nil
	if err := r.orphans(); err != nil {
		return err
	}
	if p == nil || p.ev == nil {
		return nil
	}
	if t.tid == p.pid {
		p.ev.Last = r.state(t)
		r.remounted(t)
		if p.networked {
			p.ev.Networks = r.networks(t.tid)
		}
		p.parent, p.parted = r.parentOf(p), true
		r.counted(p)
	}
	// As long as one of its threads stands here the children of a process are
	// its own: the kernel gives them to another thread of it, and to init only
	// when the last one is past it. So the last look that is taken here counts.
	if p == r.first {
		p.unreaped, p.unknown = r.unreaped(p)
		p.looked = true
	}
	p.over = p.lastThread()
	if p.over && p == r.first && r.clone3 {
		r.uncover()
	}
	if p.over && t.tid != p.pid {
		// The leader was there before, maybe long before.
		if uts := p.ev.Last.Namespaces["uts"]; r.looks.holds(uts) {
			name, err := r.hostname(uts, t.tid)
			r.fail(err)
			if err == nil {
				p.ev.Last.Hostname = name
			}
		}
	}
	return nil
}

// lastThread tells whether no thread of the process runs its program any more.
func (p *process) lastThread() bool {
	for _, t := range p.tasks {
		if !t.exiting {
			return false
		}
	}
	return true
}

// alive tells whether no thread of the process has been seen to exit.
func (p *process) alive() bool {
	for _, t := range p.tasks {
		if t.exiting {
			return false
		}
	}
	return !p.over
}

// missed fills in what PTRACE_EVENT_EXIT would have shown of a process that has
// ended, as well as can be: it was killed.
func (r *Recorder) missed(t *task) {
	p := t.proc
	r.counted(p)
	if !t.exiting && !t.stale && r.looks.holds(t.spaces[utsKind]) {
		name, err := r.hostname(t.spaces[utsKind], t.tid)
		r.fail(err)
		p.ev.Last.Namespaces, p.ev.Last.Hostname = r.looks.asMap(t.spaces), name
	}
	if !p.parted {
		p.parent = -1
		// The end of its parent gives it to init, but for the first process of
		// a PID namespace: that waits for all others first.
		if c := p.creator; c != nil && c.ev != nil && p.ppid == c.pid && (!c.over || c.ev.PIDSelf() == 1) {
			p.parent = c.ev.ID
		}
	}
	if p == r.first && !p.looked {
		p.unreaped, p.unknown = r.unreaped(p)
		if r.clone3 {
			r.uncover()
		}
	}
}

// parentOf returns the ID of the kernel's parent of a process; -1 is init.
func (r *Recorder) parentOf(p *process) int {
	// Only the end of its parent gives it another one.
	if c := p.creator; c != nil && c.ev != nil && p.ppid == c.pid && c.alive() {
		return c.ev.ID
	}
	if data, err := r.proc.read(p.pid, "status"); err == nil {
		if s, ok := parseStatus(data); ok {
			if parent := r.procs[s.ppid]; parent != nil && parent.ev != nil {
				return parent.ev.ID
			}
		}
	}
	return -1
}

// unreaped lists the processes that exist besides p, and counts those that are
// not recorded.
//
// Nobody can wait for a traced process before its tracer has. So one that this
// package has not waited for is there, whether it runs or has ended, unless its
// parent is init, which waits for everything: then only a running one counts.
// One that it has waited for is there if its parent has it still: its pid may be that
// of another sandbox's process by now, but no parent there is known here.
func (r *Recorder) unreaped(p *process) (known []int, unknown int) {
	count := func(other *process) {
		if other.ev == nil {
			unknown++
		} else {
			known = append(known, other.ev.ID)
		}
	}
	for _, other := range r.procs {
		if other == p {
			continue
		}
		if s, ok := r.statusOf(other); ok && s.state == 'Z' && s.ppid == r.init.PID {
			continue
		}
		count(other)
	}
	for _, other := range r.gone {
		if r.procs[other.pid] != nil {
			continue // its pid is another process's already
		}
		if s, ok := r.statusOf(other); ok && r.procs[s.ppid] != nil {
			count(other)
		}
	}
	slices.Sort(known)
	return known, unknown
}

// bury remembers a process that this package has waited for. Of those that are
// not recorded only the ones are needed that somebody has still to wait for.
func (r *Recorder) bury(p *process) {
	r.gone = append(r.gone, p)
	if p.ev != nil || len(r.gone) < r.crowd {
		return
	}
	r.gone = slices.DeleteFunc(r.gone, func(p *process) bool {
		_, there := r.statusOf(p)
		return p.ev == nil && !there
	})
	r.crowd = 2*len(r.gone) + 1000
}

// statusOf reads the status of a process that may be gone, its pid given to another.
func (r *Recorder) statusOf(p *process) (procStatus, bool) {
	data, err := r.proc.read(p.pid, "status")
	if err != nil {
		return procStatus{}, false
	}
	s, ok := parseStatus(data)
	return s, ok && len(s.nspid) > r.depth && slices.Equal(s.nspid[r.depth:], p.pids)
}

// ended deals with the end of a task, which this package has just waited for.
func (r *Recorder) ended(t *task, status unix.WaitStatus) error {
	delete(r.tasks, t.tid)
	p := t.proc
	if p == nil {
		return nil
	}
	delete(p.tasks, t.tid)
	r.unfinished(t)
	t.pending = nil
	if t.tid != p.pid {
		return nil
	}
	p.over = true // the leader ends last, for whoever waits
	delete(r.procs, p.pid)
	if p == r.first {
		r.status = status
	}
	ev := p.ev
	if ev == nil {
		r.bury(p)
		return nil
	}
	r.missed(t)
	r.bury(p)
	if status.Signal() == unix.SIGKILL && (r.killed || r.init.TimedOut()) {
		return nil // the run was cut off: it was still there
	}
	r.mark++
	ev.Exit = &evidence.Exit{
		Seq: r.next(), Time: r.elapsed(), Parent: p.parent, Unreaped: p.unreaped, Unrecorded: p.unknown,
		Signal: signalOf(status),
	}
	if status.Exited() {
		ev.Exit.Code = status.ExitStatus()
		ev.Exit.Injected = p.inject && ev.Exit.Code == r.opts.Inject.ChildExit
	}
	r.probe(p)
	return nil
}

// probeFlags are those of the clone(2) by which Go finds out whether pidfds
// work: os.checkPidfd, Go 1.23 and later. There is no exit signal among them,
// as there is in what Go starts a program with.
const probeFlags = unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_PIDFD

// probe marks a process that was Go's probe: made with just those flags, it
// made no call that is traced, executed nothing, and exited with 0.
func (r *Recorder) probe(p *process) {
	ev := p.ev
	if p.flags != probeFlags || p.noted || len(ev.Execs) > 0 || ev.Exit.Signal != "" || ev.Exit.Code != 0 {
		return
	}
	for _, other := range r.run.Processes[ev.ID+1:] {
		if other.Creator == ev.ID {
			return
		}
	}
	ev.Probe = true
	for _, e := range slices.Backward(r.run.Events) {
		if e.Child == ev.ID {
			e.Call = "" // no event
			break
		}
	}
	ev.Call = 0
}
