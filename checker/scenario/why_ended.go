package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// outlived tells whether the first process outlived the child: that was gone,
// and no zombie that somebody had still to wait for, when the first was about
// to exit. The order of the two ends in a run (Exit.Seq) would not tell: a
// child that nobody waits for may end before or after, as luck will have it.
func (f *facts) outlived() bool {
	if f.child == nil || !f.ended(f.child) {
		return false
	}
	if !f.ended(f.first) {
		return true
	}
	return !slices.Contains(f.first.Exit.Unreaped, f.child.ID)
}

// gone says why the first process did not outlive the child.
func (f *facts) gone() because {
	if f.child == nil {
		return f.noChild()
	}
	if b, ok := f.loop(); ok {
		return b
	}
	if !f.ended(f.first) {
		return f.late()
	}
	if b, ok := f.panicked(f.first); ok {
		b.saw = "the first process panicked before the child had ended"
		return b
	}
	if f.first.Exit.Signal != "" {
		return f.firstKilled()
	}
	b := because{
		cause: "parent-gone",
		saw:   "the first process ended, and had not waited for the child",
		try:   "have the program wait for its child before it ends",
	}
	if f.first.Exit.Code != 0 {
		b.why = f.firstWords()
	}
	return b
}

// late says what was still running when time was up.
func (f *facts) late() because {
	if b, ok := f.loop(); ok {
		return b
	}
	limit := fmt.Sprintf("%g s", float64(f.run.End.Limit)/1e6)
	b := because{
		cause: "time-limit",
		saw:   "the first process still running after " + limit,
		try:   "find what it waits for, or what it repeats without end",
	}
	first := f.ended(f.first)
	child := f.child == nil || f.ended(f.child)
	switch {
	case first && child:
		return f.leftProcess()
	case first:
		b.saw = "the child still running after " + limit + ", and nobody waiting for it"
	case f.child == nil:
	case child:
		b.why = "the child had ended before: it is not what kept the first process"
	default:
		b.saw = "the child still running after " + limit
		f.slowedDown(&b)
	}
	return b
}

// cutOff is for what was not at the end as it should be, for which b is the
// cause: of a first process that was cut off nobody knows what it had still put
// right.
func (f *facts) cutOff(b because) because {
	if f.ended(f.first) {
		return b
	}
	return f.late()
}

func (f *facts) outOfMemory(p *evidence.Process) because {
	return because{
		cause: "out-of-memory",
		saw:   f.who(p) + " was killed by the kernel",
		why:   "the sandbox's memory was used up",
		try:   "find what takes so much memory",
	}
}

func (f *facts) firstKilled() because {
	if f.first.Exit.Signal == "SIGKILL" && f.run.End.OutOfMem {
		return f.outOfMemory(f.first)
	}
	return f.signalled(f.first, because{cause: "first-killed", saw: "the first process was ended by " + f.first.Exit.Signal})
}

// childKilled says that a signal ended the child, and who sent it.
func (f *facts) childKilled() because {
	return f.signalled(f.child, because{cause: "child-killed", saw: "the child was ended by " + f.child.Exit.Signal})
}

// childBad says why the child did not end well. It is called only if it did not.
func (f *facts) childBad() because {
	if f.child == nil {
		return f.noChild()
	}
	if b, ok := f.loop(); ok {
		return b
	}
	if !f.ended(f.child) {
		return f.late()
	}
	exit := f.child.Exit
	if exit.Signal != "" {
		switch {
		case exit.Signal == "SIGKILL" && f.run.End.OutOfMem:
			return f.outOfMemory(f.child)
		case !f.outlived():
			return f.gone().with("the child was ended by %s, and nobody had waited for it", exit.Signal)
		}
		return f.childKilled()
	}
	if b, ok := f.refusedProcess(); ok {
		return b
	}
	if b, ok := f.threadless(); ok {
		return b
	}
	b, panicked := f.panicked(f.child)
	if !panicked {
		var ok bool
		if b, ok = f.notStarted(); ok {
			return b
		}
		b = because{
			cause: "child-failed",
			saw:   fmt.Sprintf("the child exited with %d", exit.Code),
			try:   "find why the child fails: it should say so",
		}
		if said := f.lastWords(f.child); said != "" {
			b.saw += ", with the words " + complaint(said)
		}
	}
	if f.first.Exit != nil && f.first.Exit.Signal == "" && f.first.Exit.Code == 0 {
		b.cause = "child-exit-ignored"
		b.saw = fmt.Sprintf("the child exited with %d, the first process with 0", exit.Code)
		if panicked {
			b.saw = fmt.Sprintf("the child ended in a panic (exit code %d), the first process with 0", exit.Code)
		}
		b.try = "mend the child, and have the parent look at how it ended"
	}
	return b
}

// refusedProcess says that the container could not make a process because
// there were too many.
func (f *facts) refusedProcess() (because, bool) {
	if !f.run.End.OutOfPIDs {
		return because{}, false
	}
	for _, p := range f.inside() {
		for _, e := range f.creations(p.ID) {
			if e.Errno == "EAGAIN" {
				b := f.notCreated(e)
				b.saw = fmt.Sprintf("%s failed in %s: %s", e.Call, f.who(p), errnoWords(e.Errno))
				return b, true
			}
		}
	}
	return because{}, false
}

// firstBad says why the first process did not end with 0. It is called only if
// it did not.
func (f *facts) firstBad() because {
	if b, ok := f.loop(); ok {
		return b
	}
	if !f.ended(f.first) {
		return f.late()
	}
	if f.first.Exit.Signal != "" {
		return f.firstKilled()
	}
	if f.child == nil {
		return f.noChild()
	}
	if b, ok := f.panicked(f.first); ok {
		return b
	}
	if exit := f.child.Exit; exit == nil || exit.Signal != "" || exit.Code != 0 {
		return f.childBad()
	}
	b := because{
		cause: "first-failed",
		saw:   f.firstWords() + "; the child exited with 0",
		try:   "find why the parent fails after all went well",
	}
	f.unmountsInVain(&b)
	return b
}

// unmountsInVain explains a first process that failed by an unmount of what the host
// does not have, if it did.
func (f *facts) unmountsInVain(b *because) {
	said := f.lastWords(f.first)
	for _, e := range f.calls(0, "umount2") {
		if e.Errno == "EINVAL" && strings.Contains(said, "invalid argument") || e.Errno == "ENOENT" && strings.Contains(said, "no such file") {
			b.why = fmt.Sprintf("%s failed in the first process: %s; what the container has mounted in a mount namespace of its own is not there", pathCall(e), errnoWords(e.Errno))
			b.try = "unmount nothing on the host: the kernel does it in there, when the container has ended"
			b.at = e.At
		}
	}
}

// left returns the processes that were left behind: there when the first
// process was about to exit, running or waiting to be waited for. What somebody
// in the sandbox killed counts as gone.
func (f *facts) left() []*evidence.Process {
	var found []*evidence.Process
	for _, p := range f.run.Processes {
		if p.ID == 0 || p.Probe || p.Hidden {
			continue
		}
		switch {
		case !f.ended(p):
			found = append(found, p)
		case !f.ended(f.first) || p.Exit.Signal == "SIGKILL":
		case slices.Contains(f.first.Exit.Unreaped, p.ID):
			found = append(found, p)
		}
	}
	return found
}

func (f *facts) leftProcess() because {
	b := because{
		cause: "leftover-process",
		try:   "end every process that the program starts, and wait for it",
	}
	var pids []string
	for _, p := range f.left() {
		if len(p.PIDs) > 0 && len(pids) < 4 {
			pid := fmt.Sprint(p.PIDs[0])
			if n := len(p.Execs); n > 0 && !p.Execs[n-1].Self {
				pid += fmt.Sprintf(" (%s)", word(path.Base(p.Execs[n-1].Path)))
			}
			pids = append(pids, pid)
		}
		if p.ID > 0 && b.at == "" {
			if e := f.creation(p); e != nil {
				b.at = e.At
			}
		}
	}
	b.saw = "a process outlived the first one"
	if len(pids) > 0 {
		b.saw = "pid " + list(pids) + " outlived the first process"
	}
	return b
}

// leftovers says what was left behind, if anything was.
func (f *facts) leftovers() (because, bool) {
	left := f.left()
	if len(left) > 0 {
		if b, ok := f.loop(); ok {
			return b, true
		}
		if !f.ended(f.first) {
			return f.late(), true
		}
		if f.child != nil && slices.ContainsFunc(left, func(p *evidence.Process) bool { return f.in[p.ID] }) && !f.outlived() {
			return f.gone(), true
		}
		return f.leftProcess(), true
	}
	if f.first.Exit != nil && f.first.Exit.Unrecorded > 0 {
		b := f.leftProcess()
		b.saw = fmt.Sprintf("%d processes outlived the first process, beyond those that were recorded", f.first.Exit.Unrecorded)
		return b, true
	}
	if mounts := f.run.Host.MountsLeft; len(mounts) > 0 {
		b := because{
			cause: "leftover-mount",
			saw:   "mounted on the host, afterwards: " + few(mounts, word),
			try:   "mount in a mount namespace of the container's own, or unmount",
		}
		for _, e := range f.run.Events {
			if e.Call == "mount" && e.Errno == "" && (slices.Contains(mounts, e.Path) || slices.Contains(mounts, e.Path+" (replaced)")) {
				b.at = e.At
			}
		}
		return f.cutOff(b), true
	}
	return because{}, false
}
