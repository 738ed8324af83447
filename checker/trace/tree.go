package trace

import (
	"fmt"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// A task is one thread, as the kernel sees it: what ptrace stops.
type task struct {
	tid  int
	proc *process // nil: init
	// exiting: it is past PTRACE_EVENT_EXIT, or stopped there, and runs none
	// of its program any more.
	exiting bool
	pending *pending
	yielded bool // its write has waited: see race.go
	listens bool // it is in a group-stop, until a signal comes

	spaces inodes
	stale  bool // spaces must be read anew
	held   bool // spaces are held open
	// inherits: stale, but spaces are right for all but the first kinds, as
	// they are after execve, and for a child made with no new namespaces.
	inherits bool
}

// pending is a traced call that was entered and has not returned.
type pending struct {
	call  *call
	ev    *evidence.Event // nil: not kept
	flags uint64          // makes: clone's
	share share           // of the budget
	over  bool            // writes: it is kept only if it can be joined to another
	mark  int             // writes: Recorder.mark when it was entered
	ends  []end           // sendmmsg
	born  bool            // makes: the kernel has said what was made
	group bool            // writes: to a file of a control group
}

// A process is a thread group.
type process struct {
	ev      *evidence.Process // nil: not kept, or before the record begins
	pid     int
	creator *process
	ppid    int  // of its kernel's parent when it was born
	guessed bool // creator was, from what /proc said
	tasks   map[int]*task
	flags   uint64 // those of the clone that made it
	self    bool   // it runs the submission's own program
	own     bool   // it executed that program itself, once
	payload bool   // it runs the kit's payload
	// networked: its networks are looked at when it ends.
	networked bool
	noted     bool   // it made a call that is an event
	data      int    // bytes of its writes that were kept
	writes    int    // events of its writes that were kept
	tails     []tail // the last writes to the targets that it writes to
	lines     int    // writes whose line was looked for
	counted   bool   // the last look at its control groups was taken
	inject    bool   // its exit status was changed

	over     bool // every thread is past its PTRACE_EVENT_EXIT
	parted   bool // parent is known
	parent   int  // ID of the kernel's parent when the leader was exiting; -1: init
	looked   bool // unreaped is known
	unreaped []int
	unknown  int   // like unreaped: how many are not recorded
	pids     []int // NSpid from the sandbox's PID namespace inwards
}

// made deals with a PTRACE_EVENT of a task that has made another one.
func (r *Recorder) made(t *task, kind int) error {
	tid, err := eventMessage(t.tid)
	if err != nil {
		return err
	}
	if t.proc == nil { // init
		if r.first != nil {
			return fmt.Errorf("follow init: it made a second process, %d", tid)
		}
		r.first = &process{pid: tid, tasks: map[int]*task{}}
		r.procs[tid] = r.first
		r.join(r.first, tid)
		return nil
	}
	p := t.pending
	if p == nil || p.call.class != makes {
		// Only clone(2) of a thread is not traced.
		r.join(t.proc, tid)
		return nil
	}
	p.born = true
	if p.ev == nil && t.proc.ev != nil {
		r.cut("events")
	}
	return r.adopt(tid, t, p)
}

// join adds a thread to a process, and lets it go if it waits already.
func (r *Recorder) join(p *process, tid int) *task {
	t := r.tasks[tid]
	if t == nil {
		t = &task{tid: tid, proc: p, stale: true}
		r.tasks[tid] = t
		p.tasks[tid] = t
	}
	if status, ok := r.early[tid]; ok {
		delete(r.early, tid)
		r.stop(tid, status)
	}
	return t
}

// adopt gives a task to the process that it belongs to: the creator's for a
// thread, else one of its own. What the task is tells /proc; its creator's
// flags may lie in memory. creator and p are nil if they are not known.
func (r *Recorder) adopt(tid int, creator *task, p *pending) error {
	if known := r.tasks[tid]; known != nil && known.proc != nil {
		// It was adopted before its creator's event came.
		if creator != nil && known.proc.pid == tid && known.proc.guessed {
			r.credit(known.proc, creator.proc, p)
		}
		return nil
	}
	data, err := r.proc.read(tid, "status")
	s, ok := parseStatus(data)
	if err != nil || !ok {
		// It was killed, and waited for, before anything could be seen of it.
		if status, is := r.early[tid]; is {
			delete(r.early, tid)
			if !status.Exited() && !status.Signaled() {
				return r.letGo(tid, status)
			}
		}
		return nil
	}
	if s.tgid != tid {
		if leader := r.procs[s.tgid]; leader != nil {
			if p != nil {
				r.dropThread(p)
			}
			r.join(leader, tid)
			return nil
		}
		return fmt.Errorf("follow thread %d: its process %d is not known", tid, s.tgid)
	}
	child := &process{pid: tid, tasks: map[int]*task{}}
	r.procs[tid] = child
	t := &task{tid: tid, proc: child, stale: true}
	r.tasks[tid], child.tasks[tid] = t, t
	// clone's flags are in a register, which nobody can change any more.
	if p != nil && p.call.nr != unix.SYS_CLONE3 && p.flags&newNamespaces == 0 && creator.held && !creator.stale {
		t.spaces, t.inherits = creator.spaces, true
	}
	child.ppid = s.ppid
	if len(s.nspid) > r.depth {
		child.pids = s.nspid[r.depth:]
	}
	if p != nil {
		child.flags = p.flags
	}
	r.record(child, t, s)
	if creator != nil {
		r.credit(child, creator.proc, p)
	} else {
		r.guess(child, s)
	}
	if status, ok := r.early[tid]; ok {
		delete(r.early, tid)
		r.stop(tid, status)
	}
	return nil
}

// record begins the record of a process that was just made.
func (r *Recorder) record(child *process, t *task, s procStatus) {
	if !r.begun {
		return
	}
	if len(r.run.Processes) >= maxProcesses {
		r.cut("processes")
		return
	}
	ev := &evidence.Process{
		ID: len(r.run.Processes), PID: child.pid, Creator: -1,
		Seq: r.next(), Time: r.elapsed(),
	}
	if len(s.nspid) > r.depth {
		child.pids = s.nspid[r.depth:]
	}
	ev.PIDs = child.pids
	ev.Born = r.state(t)
	ev.Last = ev.Born
	child.ev = ev
	r.mark++
	r.run.Processes = append(r.run.Processes, ev)
}

// credit says who made a process.
func (r *Recorder) credit(child, creator *process, p *pending) {
	child.creator, child.guessed = creator, false
	child.self = creator.self
	if p != nil {
		child.flags = p.flags
	}
	if child.ev == nil || creator.ev == nil {
		return
	}
	child.ev.Creator, child.ev.CreatorUnknown = creator.ev.ID, false
	if p != nil && p.ev != nil {
		child.ev.Call = p.ev.Seq
		p.ev.Child = child.ev.ID
	}
}

// dropThread takes back the event of a call that made a thread and nothing else.
func (r *Recorder) dropThread(p *pending) {
	if p.flags&newNamespaces == 0 {
		r.drop(p)
	}
}

// drop takes back an event.
func (r *Recorder) drop(p *pending) {
	if p.ev != nil {
		r.remove(p.ev)
		p.ev = nil
		r.budget.events[p.share]--
	}
}

// orphans looks at the tasks that wait for their creator's event, after some
// task has ended: the event may never come.
func (r *Recorder) orphans() error {
	if len(r.early) == 0 {
		return nil
	}
	for _, t := range r.tasks {
		if t.pending != nil && t.pending.call.class == makes && !t.pending.born {
			return nil // it may be the creator
		}
	}
	for tid, status := range r.early {
		if status.Exited() || status.Signaled() {
			continue
		}
		data, err := r.proc.read(tid, "status")
		if s, ok := parseStatus(data); err == nil && ok && s.tgid != tid && r.procs[s.tgid] != nil {
			// A thread's creator made a call that is not traced. The thread
			// belongs to its process whoever it was.
			r.join(r.procs[s.tgid], tid)
			continue
		}
		if err := r.adopt(tid, nil, nil); err != nil {
			return err
		}
	}
	return nil
}

// executed deals with PTRACE_EVENT_EXEC. A thread that is not the leader takes
// the leader's place, and its tid; every other thread is gone.
func (r *Recorder) executed(t *task) error {
	former, err := eventMessage(t.tid)
	if err != nil {
		return err
	}
	p := t.proc
	if former != t.tid {
		if old := r.tasks[former]; old != nil && old.proc == p {
			r.unfinished(t)
			t.pending, t.spaces, t.held, t.stale = old.pending, old.spaces, old.held, old.stale
			delete(r.tasks, former)
			delete(p.tasks, former)
		}
	}
	for tid, other := range p.tasks {
		if other != t {
			r.unfinished(other)
			delete(p.tasks, tid)
		}
	}
	// Of a process's namespaces execve(2) may change the time namespace.
	t.exiting, t.stale, t.inherits = false, true, t.held && !t.stale
	p.over, p.parted, p.looked = false, false, false
	call := t.pending
	t.pending = nil

	if p == r.first && !r.begun {
		link, err := r.proc.link(t.tid, "exe")
		if err != nil {
			return fmt.Errorf("read program of the first process: %w", err)
		}
		if string(link) != r.init.Program {
			return nil // still on the way to it
		}
		if err := r.begin(t); err != nil {
			return err
		}
	}
	is := r.programOf(t.tid)
	p.self = is == r.program && is != file{}
	p.own = p.own || p.self
	if p.ev == nil {
		return nil
	}
	r.mark++
	exec := evidence.Exec{Seq: r.next(), Path: r.text(r.pathOf(t.tid, "exe")), Self: p.self}
	if len(p.ev.Execs) < maxExecs {
		if data, err := r.proc.read(t.tid, "cmdline"); err == nil {
			exec.Argv = r.argv(arguments(data))
		}
		for fd := range exec.Stdio {
			exec.Stdio[fd] = descriptorsOf{r, t.tid}.target(int32(fd))
			exec.Stdio[fd].Name = r.text(exec.Stdio[fd].Name)
		}
		if r.opts.Image != nil && !p.self {
			exec.Payload = r.isPayload(t.tid)
			p.payload = exec.Payload
			exec.View, err = r.view(t.tid)
			r.fail(err)
			if exec.Networks = r.networksAt(t, exec.Payload); exec.Networks != nil {
				p.networked = true
			}
		}
		p.ev.Execs = append(p.ev.Execs, exec)
	} else {
		r.cut("execs")
	}
	if call != nil && call.ev != nil {
		call.ev.Done = exec.Seq
	}
	if !p.self {
		p.counted = false
		r.lookAtGroups(evidence.GroupsAtExec, p)
	}
	return nil
}

// maxExecs is how many programs of one process are kept.
const maxExecs = 100

// signalOf names the signal that ended a process, or "".
func signalOf(status unix.WaitStatus) string {
	if !status.Signaled() {
		return ""
	}
	return signalName(uint64(status.Signal()))
}
