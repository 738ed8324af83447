package trace

import (
	"errors"
	"fmt"
	"runtime/debug"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// stop deals with one wait status of one task: whatever it is, a task that is
// still there is let go again, or waits in early.
func (r *Recorder) stop(tid int, status unix.WaitStatus) {
	defer r.rescue(tid)
	t := r.tasks[tid]
	if t == nil {
		if err := r.stranger(tid, status); err != nil {
			r.fail(err)
			_ = resume(unix.PTRACE_CONT, tid, 0)
		}
		return
	}
	if status.Exited() || status.Signaled() {
		r.fail(r.ended(t, status))
		r.fail(r.orphans())
		return
	}
	if err := r.stopped(t, status); err != nil {
		// It must go on even so: one that stands before its exit is woken by
		// no signal any more.
		r.fail(err)
		_ = resume(unix.PTRACE_CONT, tid, 0)
	}
}

// rescue is deferred where a task is dealt with: what the submission put into
// its memory must not end a checker that has a whole folder of submissions to
// grade.
func (r *Recorder) rescue(tid int) {
	if failure := recover(); failure != nil {
		r.fail(fmt.Errorf("record: %v\n%s", failure, debug.Stack()))
		_ = resume(unix.PTRACE_CONT, tid, 0)
	}
}

// stranger deals with a status of a task that nobody has named yet. It waits
// for its creator's event, unless it was killed: then that may never come.
func (r *Recorder) stranger(tid int, status unix.WaitStatus) error {
	r.early[tid] = status
	if status.Stopped() && event(status) != eventStop {
		return r.adopt(tid, nil, nil)
	}
	return nil
}

// letGo lets a task go on after a stop that needs nothing else.
func (r *Recorder) letGo(tid int, status unix.WaitStatus) error {
	signal := status.StopSignal()
	switch event(status) {
	case 0:
		if signal == unix.SIGTRAP|0x80 {
			signal = 0 // TRACESYSGOOD: a call's stop
		}
		if signal == unix.SIGSTOP && r.spared(tid) {
			signal = 0
		}
		return resume(unix.PTRACE_CONT, tid, signal)
	case eventStop:
		switch signal {
		case unix.SIGSTOP, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU:
			if t := r.tasks[tid]; t != nil {
				t.listens = true
			}
			return resume(unix.PTRACE_LISTEN, tid, 0) // group-stop
		}
	}
	return resume(unix.PTRACE_CONT, tid, 0)
}

// spared tells whether a SIGSTOP that a thread is about to get would have been
// ignored, were the thread not traced: pid 1 of a PID namespace gets none from within
// that, pid_namespaces(7).
func (r *Recorder) spared(tid int) bool {
	t := r.tasks[tid]
	if t == nil || t.proc == nil || len(t.proc.pids) < 2 || t.proc.pids[len(t.proc.pids)-1] != 1 {
		return false
	}
	from, err := sender(tid)
	return err == nil && from != 0
}

// stopped deals with a stop.
func (r *Recorder) stopped(t *task, status unix.WaitStatus) error {
	request := unix.PTRACE_CONT
	t.listens = false
	switch event(status) {
	case unix.PTRACE_EVENT_FORK, unix.PTRACE_EVENT_VFORK, unix.PTRACE_EVENT_CLONE:
		if err := r.made(t, event(status)); err != nil {
			return err
		}
		if t.pending != nil {
			request = unix.PTRACE_SYSCALL // its return is waited for
		}
	case unix.PTRACE_EVENT_SECCOMP:
		return r.called(t)
	case unix.PTRACE_EVENT_EXEC:
		if err := r.executed(t); err != nil {
			return err
		}
	case unix.PTRACE_EVENT_EXIT:
		if err := r.exiting(t); err != nil {
			return err
		}
	case 0:
		if status.StopSignal() == unix.SIGTRAP|0x80 && t.pending != nil {
			if err := r.leave(t); err != nil {
				return err
			}
		}
		return r.letGo(t.tid, status)
	default:
		return r.letGo(t.tid, status)
	}
	return resume(request, t.tid, 0)
}

// called deals with a thread at the stop before a call.
func (r *Recorder) called(t *task) error {
	pending, err := r.enter(t)
	if errors.Is(err, errWaits) {
		return nil
	}
	if err != nil {
		return err
	}
	request := unix.PTRACE_CONT
	if t.pending = pending; pending != nil {
		request = unix.PTRACE_SYSCALL
	}
	if err := resume(request, t.tid, 0); err != nil {
		return err
	}
	if !r.begun {
		r.fail(r.prepare())
	}
	return nil
}

// errWaits says that a call is not to be made yet.
var errWaits = errors.New("the call has to wait")

// enter deals with a call that is about to be made. It returns nil for a call
// whose return need not be seen.
func (r *Recorder) enter(t *task) (*pending, error) {
	if t.proc == nil || t.proc.ev == nil {
		// Before the record, or beyond its limits; but what a process makes is
		// followed even so, and clone3 must not hide anything.
		if !r.begun || t.proc == nil {
			return nil, nil
		}
	}
	var info syscallInfo
	if err := getSyscallInfo(t.tid, &info); err != nil {
		return nil, err
	}
	// A filter of the submission's own may stop any call here.
	c := r.index[info.nr()]
	if info.op != unix.PTRACE_SYSCALL_INFO_SECCOMP || info.arch != nativeArch || c == nil {
		return nil, nil
	}
	if c.names() && !r.turn.takes(t) {
		return nil, errWaits
	}
	p := t.proc
	args := info.args()
	if c.nr == unix.SYS_CLONE && args[0]&unix.CLONE_UNTRACED != 0 {
		r.hides(t)
	}
	r.clone3 = r.clone3 || c.nr == unix.SYS_CLONE3
	if c.class == exits {
		// Where all threads end by exit(2), the leader's status counts.
		if c.nr == unix.SYS_EXIT && t.tid != p.pid {
			return nil, nil
		}
		return nil, r.inject(t, args[0])
	}
	if c.class != writes && c.class != opens {
		p.noted = true
	}
	if p.ev == nil || c.class != writes && r.budget.full(c.share()) {
		// A call that makes no process is no loss: what makes one is counted
		// when it did.
		switch {
		case p.ev == nil, c.class == makes:
		case c.class == asides:
			r.cut("signals and the like")
		default:
			r.cut("events")
		}
		if c.class != makes && c.class != moves {
			return nil, nil
		}
		from := caller{mem: taskMemory(t.tid), fds: descriptorsOf{r, t.tid}}
		c.enter(&from, args, &evidence.Event{})
		return &pending{call: c, flags: from.flags}, nil
	}
	return r.note(t, c, args, &info)
}

// note makes an event of a call.
func (r *Recorder) note(t *task, c *call, args [6]uint64, info *syscallInfo) (*pending, error) {
	p := t.proc
	ev := &evidence.Event{Process: p.ev.ID, Call: c.name, Time: r.elapsed()}
	from := caller{mem: taskMemory(t.tid), fds: descriptorsOf{r, t.tid}, room: r.room(p)}
	if !c.enter(&from, args, ev) {
		return nil, nil
	}
	r.trim(ev)
	pending := &pending{call: c, ev: ev, flags: from.flags, ends: from.ends, share: c.share()}
	switch {
	case c.class == writes:
		p.noted = true
		if pending.group = ev.Target.Kind == "file" && r.isGroupFile(t.tid, c.output(args)); pending.group && r.yields(t) {
			return nil, errWaits
		}
		if pending.group {
			// One of the few files that are of weight, whatever else was written.
			if pending.share = common; r.budget.full(common) {
				r.cut("events")
				return nil, nil
			}
			break
		}
		if nowhere(ev.Target) {
			if pending.share = files; r.budget.full(files) {
				r.cut("writes to files")
				return nil, nil
			}
			break
		}
		// Before the event's own number is drawn: what it had it had before.
		s := r.brief(t)
		ev.After = &s
		pending.over, pending.mark = r.silenced(p), r.mark
		p.data += len(ev.Data)
		p.writes++
		r.budget.kept += len(ev.Data)
	case c.name == "sethostname":
		ev.Before = r.brief(t).Hostname
	}
	if p.self && r.opts.Resolve != nil {
		if c.class != writes {
			ev.At = r.line(t.tid, info.sp)
		} else if pending.share != files && p.lines < maxLines {
			p.lines++
			ev.At = r.line(t.tid, info.sp)
		}
	}
	ev.Seq = r.next()
	if pending.share == changes {
		r.mark++
	}
	r.run.Events = append(r.run.Events, ev)
	r.budget.events[pending.share]++
	return pending, nil
}

// leave deals with a call that has returned.
func (r *Recorder) leave(t *task) error {
	var info syscallInfo
	if err := getSyscallInfo(t.tid, &info); err != nil {
		return err
	}
	if info.op != unix.PTRACE_SYSCALL_INFO_EXIT {
		return nil
	}
	p := t.pending
	t.pending = nil
	result := info.result()
	if p.call.nr == unix.SYS_KILL && t.proc.payload && p.ev != nil && p.ev.Signal == "SIGKILL" {
		// The payload asks to be killed, which no process can do to itself that is
		// pid 1. It is still there: it stands at a stop.
		_ = unix.Kill(t.proc.pid, unix.SIGKILL)
	}
	// A signal came: the kernel will make the call again (ERESTARTSYS and its
	// kin, linux/errno.h), and it stops again then; or the signal's handler
	// runs first and nothing was done.
	if result <= -512 && result >= -516 {
		r.drop(p)
		return nil
	}
	switch p.call.class {
	case makes:
		r.afterMaking(t, p, result)
	case moves:
		t.stale, t.inherits = true, false
	}
	ev := p.ev
	if ev == nil {
		if p.call.class == moves && r.begun {
			r.moved(t)
		}
		return nil
	}
	ev.Result = result
	if result < 0 && result > -4096 {
		ev.Errno = errnoName(unix.Errno(-result))
	}
	switch p.call.class {
	case moves:
		s := r.moved(t)
		ev.After = &s
		if c := p.call.name; c == "pivot_root" {
			r.mounted(ev)
			ev.Missing = r.missing(t.tid, ev)
		}
	case remounts:
		s := r.brief(t)
		ev.After = &s
		r.mounted(ev)
		r.layered(t, ev)
		r.showsProc(t, ev)
		ev.Missing = r.missing(t.tid, ev)
	case writes:
		before, asked := len(ev.Data), ev.Data
		wrote(ev, p.ends)
		if p.group {
			ev.Data = asked // refused or not
			r.lookAtGroups(evidence.GroupsAtWrite, t.proc)
		}
		if p.share == outputs {
			t.proc.data -= before - len(ev.Data)
			r.budget.kept -= before - len(ev.Data)
			ev.Done = r.next()
			r.gathered(t, p)
			return nil
		}
	case opens:
		if !r.opened(t, ev) {
			r.drop(p)
			return nil
		}
	}
	ev.Done = r.next()
	return nil
}

// moved reads the state of a thread that may have changed it.
func (r *Recorder) moved(t *task) evidence.State {
	s := r.state(t)
	if ev := t.proc.ev; ev != nil && t.tid == t.proc.pid {
		ev.Last = s
	}
	return s
}

// opened looks where an opened file really is.
func (r *Recorder) opened(t *task, ev *evidence.Event) bool {
	if ev.Errno != "" {
		return true
	}
	target := descriptorsOf{r, t.tid}.target(int32(ev.Result))
	if target.Kind != "file" {
		return false
	}
	if !matters(target.Name) {
		return false
	}
	target.Name = r.text(target.Name)
	ev.Target = &target
	return true
}

// inject changes the exit status of a process that is about to exit with 0.
func (r *Recorder) inject(t *task, status uint64) error {
	p := t.proc
	if r.opts.Inject == nil || r.opts.Inject.ChildExit == 0 || p == r.first || !p.own || status&0xff != 0 {
		return nil
	}
	if err := setFirstArgument(t.tid, uint64(r.opts.Inject.ChildExit)); err != nil {
		if errors.Is(err, unix.ESRCH) {
			return err
		}
		return fmt.Errorf("inject exit status %d: %w", r.opts.Inject.ChildExit, err)
	}
	p.inject = true
	return nil
}
