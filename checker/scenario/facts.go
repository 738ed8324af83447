package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// facts is one run, with what the checks ask of it again and again.
type facts struct {
	run   *evidence.Run
	first *evidence.Process
	child *evidence.Process // nil: none
	in    map[int]bool      // the container's processes
	wrote map[int][]text    // by process, see printed.go
	// command is the command, see command.go, and otherCommand its program with
	// other arguments; nil: none.
	command, otherCommand *running
	came                  came

	hostNames map[string]bool // every hostname that the host had
	names     []string        // every hostname that any UTS namespace had
	events    map[int][]*evidence.Event
}

// maxNames bounds how many of the latest different hostnames are looked for in
// what was printed. A program that sets more of them is not after an exercise.
const maxNames = 64

// study checks that a run can be judged, and collects its facts. The error
// says why it cannot.
func study(run *evidence.Run) (*facts, error) {
	if err := sound(run); err != nil {
		return nil, err
	}
	f := &facts{run: run, first: run.First(), child: Child(run), came: whatCame(run)}
	f.in = containerOf(run, f.child)
	f.command, f.otherCommand = findCommand(run, f.in)
	f.events = map[int][]*evidence.Event{}
	for _, e := range run.Events {
		f.events[e.Process] = append(f.events[e.Process], e)
	}
	f.wrote = map[int][]text{}
	for _, p := range run.Processes {
		f.wrote[p.ID] = texts(p, f.events[p.ID])
	}

	f.hostNames = map[string]bool{run.Host.Hostname: true, run.Host.After: true}
	for _, n := range run.Names {
		if n.UTS == run.Host.Namespaces["uts"] {
			f.hostNames[n.Name] = true
		}
	}
	f.names = f.latestNames()
	return f, nil
}

// latestNames returns the host's first name and of the child's UTS namespace,
// and of all others together, the last maxNames, in the order of their coming.
func (f *facts) latestNames() []string {
	uts, last := uint64(0), ""
	if f.child != nil {
		uts, last = state(f.child).Namespaces["uts"], state(f.child).Hostname
	}
	known := map[string]bool{f.run.Host.Hostname: true, last: true}
	var names []string
	left := map[bool]int{true: maxNames, false: maxNames}
	for _, n := range slices.Backward(f.run.Names) {
		if child := n.UTS == uts; !known[n.Name] && left[child] > 0 {
			known[n.Name] = true
			left[child]--
			names = append(names, n.Name)
		}
	}
	slices.Reverse(names)
	if last != "" && last != f.run.Host.Hostname {
		names = append(names, last)
	}
	return append([]string{f.run.Host.Hostname}, names...)
}

// sound returns an error if evidence contradicts itself or says that it is no
// evidence.
func sound(run *evidence.Run) error {
	switch {
	case run == nil:
		return fmt.Errorf("judge evidence: there is none")
	case run.End.Broken != "":
		return fmt.Errorf("gather evidence: %s", run.End.Broken)
	case run.Version != evidence.Version:
		return fmt.Errorf("judge evidence: version %d, not %d", run.Version, evidence.Version)
	case len(run.Processes) == 0:
		return fmt.Errorf("judge evidence: the submission's first process never started")
	case run.Host.Namespaces["pid"] == 0 || run.Host.Namespaces["uts"] == 0:
		return fmt.Errorf("judge evidence: the host's namespaces are not known")
	}
	for i, p := range run.Processes {
		switch {
		case p == nil || p.ID != i:
			return fmt.Errorf("judge evidence: process %d is not in its place", i)
		case i == 0 && p.Creator >= 0, i > 0 && (p.Creator < 0 || p.Creator >= i):
			return fmt.Errorf("judge evidence: process %d was made by process %d", i, p.Creator)
		}
	}
	last := 0
	for i, e := range run.Events {
		switch {
		case e == nil || run.Process(e.Process) == nil:
			return fmt.Errorf("judge evidence: event %d has no process", i)
		case e.Seq < last:
			return fmt.Errorf("judge evidence: event %d is out of order", i)
		}
		last = e.Seq
	}
	last = 0
	for i, n := range run.Names {
		if n.Seq < last {
			return fmt.Errorf("judge evidence: hostname %d is out of order", i)
		}
		last = n.Seq
	}
	return nil
}

// knows returns an error if it is not known in which namespace of that kind
// the process lived: then nothing can be said.
func (f *facts) knows(p *evidence.Process, kind string) error {
	if state(p).Namespaces[kind] == 0 || f.run.Host.Namespaces[kind] == 0 {
		return fmt.Errorf("judge evidence: the %s namespace of pid %d is not known", kindWord(kind), p.PIDSelf())
	}
	return nil
}

// isNew tells whether the process ended in a namespace that is not the host's.
func (f *facts) isNew(p *evidence.Process, kind string) bool {
	return f.run.Host.New(state(p), kind)
}

// calls returns the events of one process that are one of the named calls.
func (f *facts) calls(id int, names ...string) []*evidence.Event {
	var found []*evidence.Event
	for _, e := range f.events[id] {
		if slices.Contains(names, e.Call) {
			found = append(found, e)
		}
	}
	return found
}

// creations returns the events by which a process made another, or tried to.
func (f *facts) creations(id int) []*evidence.Event {
	return f.calls(id, "clone", "clone3", "fork", "vfork")
}

// outside returns the submission's processes that are not in the container.
func (f *facts) outside() []*evidence.Process {
	return f.those(func(p *evidence.Process) bool { return !f.in[p.ID] })
}

// inside returns the container's processes.
func (f *facts) inside() []*evidence.Process {
	return f.those(func(p *evidence.Process) bool { return f.in[p.ID] })
}

func (f *facts) those(want func(*evidence.Process) bool) []*evidence.Process {
	var found []*evidence.Process
	for _, p := range f.run.Processes {
		if !p.Probe && !p.Hidden && want(p) {
			found = append(found, p)
		}
	}
	return found
}

// creation returns the event that made a process, or nil if it is not known.
func (f *facts) creation(p *evidence.Process) *evidence.Event {
	for _, e := range f.events[p.Creator] {
		if e.Child == p.ID && e.Errno == "" {
			return e
		}
	}
	return nil
}

// newNames returns the hostnames that the child's UTS namespace had and the
// host never had. Every UTS namespace begins with its maker's name, so such a
// name was set in a namespace of the submission's own.
func (f *facts) newNames() []string {
	if f.child == nil || !f.isNew(f.child, "uts") {
		return nil
	}
	var names []string
	add := func(name string) {
		if name != "" && !f.hostNames[name] && !slices.Contains(names, name) && len(names) < maxNames {
			names = append(names, name)
		}
	}
	add(state(f.child).Hostname)
	uts := state(f.child).Namespaces["uts"]
	for _, n := range slices.Backward(f.run.Names) {
		if n.UTS == uts {
			add(n.Name)
		}
	}
	return names
}

// maxDepth is how often a program may start itself, each time from the run
// before, until that is for ever: a shim or two are no loop. slowDepth is that of
// one that always does it with the same arguments, until its time is up.
const (
	maxDepth  = 6
	slowDepth = 3
)

// startsItself returns how many times the program started itself, each time
// from the one before, on the way to the child and from there on, and whether
// that is often enough to say that it would for ever. What became of processes
// beside the child says nothing about it.
func (f *facts) startsItself() (times int, forever bool) {
	depth := make([]int, len(f.run.Processes))
	for _, p := range f.run.Processes {
		n := executedSelf(p)
		if p.ID == 0 {
			n--
		} else {
			depth[p.ID] = depth[p.Creator]
		}
		depth[p.ID] += max(n, 0)
		if p.ID == 0 || f.child == nil || p == f.child || f.run.Made(f.child.ID, p.ID) {
			times = max(times, depth[p.ID])
		}
	}
	return times, times >= maxDepth || times >= slowDepth && f.run.End.TimedOut && len(f.startedWith()) == 1
}

// ended tells whether a process ended by itself or by another's doing, and was
// not merely cut off with the run.
func (f *facts) ended(p *evidence.Process) bool {
	if p.Exit == nil {
		return false
	}
	late := p.Exit.Time >= f.run.End.Limit*9/10 // two clocks
	return !f.run.End.TimedOut || !late || p.Exit.Signal != "SIGKILL"
}

// kindWord is what people call a type of namespace.
func kindWord(kind string) string {
	switch kind {
	case "mnt":
		return "mount"
	case "net":
		return "network"
	case "user", "time":
		return kind
	case "cgroup":
		return kind
	}
	return strings.ToUpper(kind)
}

// flagOf is the flag that makes a namespace of that kind.
func flagOf(kind string) string {
	if kind == "mnt" {
		return "CLONE_NEWNS"
	}
	return "CLONE_NEW" + strings.ToUpper(kind)
}
