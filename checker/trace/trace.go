// Package trace runs a submission in a sandbox and records evidence: what the
// kernel showed while it ran. It watches by ptrace(2) from outside.
//
// # Theory of operation
//
// Everything happens on one locked OS thread, the parent of the sandbox's init.
// Before init may go on, the thread seizes it (PTRACE_SEIZE). From then on every
// process and thread that it leads to is born as a tracee of the thread, before
// it runs an instruction. Init makes one child, the submission's first process;
// that process puts a seccomp filter on itself whose rules (Rules) return
// SECCOMP_RET_TRACE for the calls that matter, and executes the submission's
// program. The record begins at that exec. A tracee then stops
//
//   - at a call that matters, before it is made. Its arguments are read from
//     the tracee's memory: they explain, they decide nothing, since another
//     thread may change them before the kernel reads them. The tracee goes on
//     with PTRACE_SYSCALL and stops once more when the call has returned: the
//     result is the kernel's, and so is the state that is read then;
//   - when it has made a process or thread, and when that takes its first step;
//   - when it has executed another program;
//   - when it is about to exit, where the kernel still knows its namespaces.
//
// Everything else runs at full speed. State comes from /proc: the pids of a
// process at every level, the inode numbers of its namespaces, its parent. A
// hostname is not in /proc: the recorder's own thread enters the UTS namespace
// (setns(2)) and asks uname(2). The thread is not used for anything else later.
// Namespaces belong to threads, not to processes: Go programs call unshare(2) on
// a locked thread. So what is known of namespaces is kept per thread, and read
// anew when that thread was born, executed, or returned from unshare or setns.
// Every namespace that was seen is held open until the end, because the kernel
// gives its inode number to another one as soon as it is gone.
//
// # What must not be a matter of luck
//
// The order of two stops of different tasks tells nothing. A child's first stop
// often comes before its creator's event: it waits in Recorder.early until the
// event says whose child it is; where the event cannot come any more (the
// creator was killed), /proc tells. SIGKILL takes a task out of any stop, even
// between two looks at it: no stop can be counted on, PTRACE_EVENT_EXIT no more
// than others, and only what wait(2) says of an end is certain.
//
// One thread at a time sets a hostname: another one that is about to waits at
// its stop, so that every name that there was is seen.
//
// Whether a process waited for its child is looked at when its last thread is
// about to exit, because until then another thread could still wait, and no
// child has been given to another parent. A traced process that ended stays
// until this package has waited for it, and only then can its parent wait for
// it; so a child whose end has not been seen here has not been waited for by
// anybody.
//
// # What it does not promise
//
// It cannot see what needs no call that is traced (a file changed through
// memory, for one), and it does not refuse anything: the sandbox's own rules
// do. It ends the sandbox before a clone(2) with CLONE_UNTRACED is made
// (End.Hiding). CLONE_UNTRACED in clone3(2), which no filter can see, makes a child that
// is no tracee: its traced calls fail with ENOSYS, and when clone3 returns, or
// its caller ends, the recorder finds the child missing or untraced and ends the
// sandbox (End.Hiding). When the
// recorder itself fails, it ends the sandbox as well and says so (End.Broken).
package trace

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// Options say what to record besides what is always recorded.
type Options struct {
	// Resolve returns the line of the submission's own source ("main.go:31")
	// that a program counter of its program belongs to, or "". It is called by
	// two goroutines. Nil: Event.At stays empty.
	Resolve func(pc uint64) string
	// Inject, if not nil, is made to happen.
	Inject *evidence.Inject
	// Image, if not nil, is looked for in what processes see.
	Image *Image
	// Internet, if not nil, is what the host has beyond itself, and networks are
	// recorded.
	Internet Internet
	// Input is what the first process is given on standard input.
	Input string

	groups bool // the sandbox has control groups: see sandbox.Command.Groups
}

// Image is an image that the sandbox shows.
type Image struct {
	evidence.Image
	MarkFile string // a file of it, relative: "etc/mark"
	Mark     string // what that file holds, in this run and in no other
	Payload  []byte // the kit's payload
}

// An Internet is one that package internet makes. It is an interface so that who
// needs none has none in the program, which starts the quicker.
type Internet interface {
	// Provide has the sandbox of cmd get it. netfilter is the action of
	// Command.Netfilter.
	Provide(cmd *sandbox.Command, netfilter uint32)
	// Look tells what the network namespace ns holds, seen from the host's; both
	// are descriptors. tables is as in network.Look.
	Look(ns, host int, tables bool) (*evidence.Network, error)
	// Close ends it; it may be called twice. Seen tells then what it has seen.
	Close()
	Seen() evidence.Internet
}

// A Recorder is a sandbox.Watcher that records one run. It is used once.
type Recorder struct {
	opts  Options
	calls []call
	index map[uint64]*call // by number

	run    *evidence.Run
	start  time.Time
	seq    int
	init   *sandbox.Init
	proc   *procfs
	depth  int // PID namespaces above the sandbox's own that /proc shows
	first  *process
	host   inodes
	mounts []mount // of the host, at the start
	image  place   // the root of the image, at the start
	begun  bool    // first runs the submission's program
	shaken bool    // the host's mounts changed, maybe back again

	overlays map[string]overlay // that the container made, by device
	procPIDs map[string]uint64  // of which PID namespace the proc file systems of the container are, by device

	program file      // the submission's program
	code    [2]uint64 // where its code begins and ends

	tasks map[int]*task    // by tid: what was seen and has not ended
	procs map[int]*process // by pid: the same
	// gone are the processes that this package has waited for.
	gone  []*process
	crowd int // how many of them there may be before it is looked who is needed
	// early are tasks that stopped before anybody said whose they are, with
	// that stop.
	early map[int]unix.WaitStatus
	// unborn are the processes of which a thread was killed within a call that
	// may have made a process, the latest last.
	unborn []*process

	looks  looks
	net    nets
	last   map[uint64]string // the hostname last seen in a UTS namespace
	texts  texts
	budget budget
	mark   int    // grows with what a write must not be moved across
	lines  int    // calls whose line was looked for
	stack  []byte // where it is looked for
	status unix.WaitStatus
	clone3 bool // it was called: there may be processes that are not seen
	turn   turn
	groups groups
	killed bool  // by this package
	broken error // the first failure of this package
}

// Limits of what is kept of a run. What is beyond is followed, not kept.
const (
	maxProcesses = 4000
	maxNames     = 4000
	maxHostNames = 100 // of the host's: more, where all others are used up
)

// New returns a Recorder for one run.
func New(opts Options) *Recorder {
	r := &Recorder{
		opts: opts,
		calls: append(calls(),
			call{nr: unix.SYS_EXIT_GROUP, name: "exit_group", class: exits},
			call{nr: unix.SYS_EXIT, name: "exit", class: exits}),
		index: map[uint64]*call{},
		run: &evidence.Run{
			Version: evidence.Version, Inject: opts.Inject, Args: []string{},
			Processes: []*evidence.Process{}, Events: []*evidence.Event{}, Names: []evidence.Name{},
		},
		tasks: map[int]*task{},
		procs: map[int]*process{},
		early: map[int]unix.WaitStatus{},
		last:  map[uint64]string{},
		texts: texts{known: map[string]string{}},
		net:   nets{host: -1},
	}
	if opts.groups {
		r.calls = append(r.calls, groupCalls()...)
	}
	for i := range r.calls {
		r.index[uint64(r.calls[i].nr)] = &r.calls[i]
	}
	return r
}

// Attach implements sandbox.Watcher.
func (r *Recorder) Attach(init *sandbox.Init) error {
	r.init = init
	r.proc = newProcfs(init.Proc)
	r.looks = newLooks(r.proc)
	status, err := r.proc.read(init.PID, "status")
	if err != nil {
		return fmt.Errorf("read status of init: %w", err)
	}
	s, ok := parseStatus(status)
	if !ok {
		return errors.New("read status of init: no NSpid in it")
	}
	r.depth = len(s.nspid) - 1
	r.run.Host.Init = init.PID
	r.run.Host.Program = init.Program
	if err := r.openGroups(); err != nil {
		return err
	}
	if err := seize(init.PID); err != nil {
		return fmt.Errorf("seize init: %w", err)
	}
	r.tasks[init.PID] = &task{tid: init.PID}
	return nil
}

// Wait implements sandbox.Watcher. An error says that init could not be waited
// for; whatever else fails ends the sandbox and stands in the Run (End.Broken).
func (r *Recorder) Wait(init *sandbox.Init) (unix.WaitStatus, error) {
	defer r.looks.close()
	defer r.net.close()
	for {
		var status unix.WaitStatus
		tid, err := r.await(&status)
		if err != nil {
			return 0, fmt.Errorf("wait for the sandbox: %w", err)
		}
		r.stop(tid, status)
		r.pass()
		if tid == init.PID && (status.Exited() || status.Signaled()) {
			r.finish()
			return r.status, nil
		}
	}
}

// Run returns what was recorded. It is complete when Wait has returned, except
// for what only the sandbox knows: its streams and limits.
func (r *Recorder) Run() *evidence.Run { return r.run }

// next draws from the counter that orders everything in a Run.
func (r *Recorder) next() int {
	r.seq++
	return r.seq
}

// elapsed is the time since the start of the run in µs.
func (r *Recorder) elapsed() int64 { return time.Since(r.start).Microseconds() }

// fail notes a failure of the recorder and ends the sandbox. That a tracee is
// gone is no failure: it may be killed at any moment.
func (r *Recorder) fail(err error) {
	if err == nil || errors.Is(err, unix.ESRCH) {
		return
	}
	if r.broken == nil {
		r.broken = err
		r.run.End.Broken = printable(err.Error())
	}
	r.kill()
}

// kill ends the sandbox. Every process is killed by itself, too: what init's
// death does to them comes later, and one that is let go now must not run on.
func (r *Recorder) kill() {
	if r.killed {
		return
	}
	r.killed = true
	r.init.Kill()
	for pid := range r.procs {
		// Not waited for yet: the pid is still its own.
		_ = unix.Kill(pid, unix.SIGKILL)
	}
}

// cut notes that there was more of something than is kept.
func (r *Recorder) cut(what string) {
	if !slices.Contains(r.run.End.Cut, what) {
		r.run.End.Cut = append(r.run.End.Cut, what)
	}
}

// finish completes the record when everything has ended.
func (r *Recorder) finish() {
	run := r.run
	run.End.TimedOut = r.init.TimedOut()
	if !r.begun {
		return
	}
	run.Duration = r.elapsed()
	name, err := r.hostname(run.Host.Namespaces["uts"], r.init.PID)
	r.fail(err)
	run.Host.After = name
	if r.looks.remounted() || r.shaken {
		mounts, err := r.looks.mounts()
		r.fail(err)
		run.Host.MountsLeft = r.argv(changed(r.mounts, mounts))
		run.Host.NetworksLeft = r.argv(changed(networksIn(r.mounts), networksIn(mounts)))
	}
	r.lookAtGroups(evidence.GroupsAtEnd, r.first)
	r.sweep()
	r.hostAfter()
	slices.SortStableFunc(run.Events, func(a, b *evidence.Event) int { return a.Seq - b.Seq })
}
