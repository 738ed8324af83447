package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// noChild says why there is no child.
func (f *facts) noChild() because {
	if b, ok := f.loop(); ok {
		return b
	}
	for _, e := range f.creations(0) {
		if e.Errno != "" {
			return f.notCreated(e)
		}
	}
	b := because{
		cause: "no-child",
		saw:   "no process was created: " + f.firstWords(),
		try:   "have the program start a second process",
	}
	if said := lastLine(f.words(f.first)); said != "" && f.first.Exit != nil {
		if f.first.Exit.Code != 0 {
			b.try = "find out from its words why it ended before it started a child"
			f.withoutGroups(f.first, &b)
		} else {
			b.saw += " and wrote " + complaint(said)
		}
	}
	switch said := f.words(f.first); {
	case strings.Contains(said, "exec: not started"):
		b.cause = "wait-without-start"
		b.why = `os/exec answered "exec: not started": Wait came without Start`
		b.try = "start the command before you wait for it"
	case len(f.run.Args) == 0 && usage().MatchString(said):
		b.saw = "no process was created: the first process " + exitWords(f.first) + " with the words " + complaint(usage().FindString(said))
		b.try = giveArguments
	case strings.Contains(said, "exec: Stdout already set"), strings.Contains(said, "exec: Stderr already set"):
		b.why = "os/exec refused to start: " + quote(f.lastWords(f.first))
		b.try = "read that message: os/exec names what is set twice"
	default:
		if r, ok := f.refusedLast(f.first); ok {
			return r
		}
		if i, ok := f.soughtImage(f.first); ok {
			return i
		}
		if p, ok := f.panicked(f.first); ok {
			return p
		}
		if e := f.lastCall(f.first); e != nil && e.Call == "unshare" && e.Errno != "" {
			b.cause = "unshare-failed"
			b.why = fmt.Sprintf("%s failed in it: %s", callWords(e), errnoWords(e.Errno))
			b.try = "look at the error that Unshare returns"
			b.at = e.At
		}
		f.onlyTools(&b)
	}
	return b
}

// usage is a line that tells how a program is used. giveArguments is what to try where
// that is all that came of a run without arguments.
var usage = pattern.Lazy(`(?im)^.*\b(?:usage|run <).*$`)

const giveArguments = "give the program the arguments that it asks for: ARGS='run ...'"

// firstWords says how the first process ended, with its last words if it failed.
func (f *facts) firstWords() string {
	s := "the first process " + exitWords(f.first)
	if said := f.lastWords(f.first); said != "" && f.first.Exit != nil && f.first.Exit.Code != 0 {
		s += " with the words " + complaint(said)
	}
	return s
}

// notCreated explains a call that should have made a child and failed.
func (f *facts) notCreated(e *evidence.Event) because {
	b := because{
		cause: "clone-failed",
		saw:   fmt.Sprintf("no child: %s failed: %s", callWords(e), errnoWords(e.Errno)),
		try:   "look at the flags that the child is created with",
		at:    e.At,
	}
	if others := otherFlags(e); e.Errno == "EINVAL" && len(others) > 0 {
		b.why = "the flags had " + list(others) + " too"
	}
	if e.Errno == "EAGAIN" && f.run.End.OutOfPIDs {
		b.cause = "out-of-processes"
		b.why = "there were as many processes as the sandbox allows"
		b.try = "find what keeps starting processes"
	}
	if slices.Contains(e.Flags, "CLONE_INTO_CGROUP") {
		f.notBornInGroup(e, &b)
	}
	if u := f.unshared(e.Process, "CLONE_NEWPID", e.Seq); u != nil && u.Errno == "" && e.Errno == "ENOMEM" {
		b.cause = "unshare-then-exec"
		b.why = f.firstBorn(u) + " became pid 1 of the namespace that unshare made; it ended, and the namespace with it"
		b.try = "ask for the namespaces when the child is created: Cloneflags"
		b.at = u.At
	}
	return b
}

// firstBorn says which process was the first in the PID namespace that an
// unshare made: Go tries out pidfds with a throw-away process of its own.
func (f *facts) firstBorn(u *evidence.Event) string {
	for _, p := range f.run.Processes {
		if p.Creator == u.Process && p.Seq > u.Seq && p.PIDSelf() == 1 {
			if p.Probe {
				return "a throw-away process of os/exec"
			}
			break
		}
	}
	return "another process"
}

// unshared returns the process's first unshare call with that flag before seq, or nil.
func (f *facts) unshared(id int, flag string, seq int) *evidence.Event {
	for _, e := range f.calls(id, "unshare") {
		if e.Seq < seq && slices.Contains(e.Flags, flag) {
			return e
		}
	}
	return nil
}

// notIn says why the child is in the host's namespaces of those kinds.
func (f *facts) notIn(kinds []string) because {
	if f.child == nil {
		return f.noChild()
	}
	var flags, words []string
	for _, kind := range kinds {
		flags, words = append(flags, flagOf(kind)), append(words, kindWord(kind))
	}
	b := because{
		cause: "host-namespace",
		saw:   fmt.Sprintf("the child in the host's %s namespace", list(words)),
		try:   "ask for the namespaces when the child is created",
	}
	if len(kinds) > 1 {
		b.saw += "s"
	}
	if slices.Contains(kinds, "pid") {
		b.saw = fmt.Sprintf("%s: it is pid %d, not 1", b.saw, f.child.PIDSelf())
	}
	if e := f.renamed(); e != nil && f.in[e.Process] && slices.Contains(kinds, "uts") {
		b.saw += fmt.Sprintf(": its sethostname renamed the host to %s", word(e.Text))
		if slices.Contains(kinds, "pid") {
			b.saw = strings.Replace(b.saw, ", not 1: its", ", not 1, and its", 1)
		}
	}
	for _, why := range []func([]string) (because, bool){f.unshareWrong, f.moved, f.madeBeside} {
		if why, ok := why(kinds); ok {
			why.saw = b.saw
			return why
		}
	}
	e := f.creation(f.child)
	if e != nil {
		flags = slices.DeleteFunc(flags, func(flag string) bool { return slices.Contains(e.Flags, flag) })
	}
	if e != nil && len(flags) > 0 && !f.wasNew(kinds) {
		switch {
		case len(flags) > 1:
			b.cause = "flags-missing"
		case flags[0] == "CLONE_NEWPID":
			b.cause = "flag-missing-pid"
		case flags[0] == "CLONE_NEWUTS":
			b.cause = "flag-missing-uts"
		case flags[0] == "CLONE_NEWNS":
			b.cause = "flag-missing-mnt"
		default:
			b.cause = "flag-missing-other"
		}
		are := "is"
		if len(flags) > 1 {
			are = "are"
		}
		b.why = fmt.Sprintf("it was created by %s; %s %s missing", callWords(e), list(flags), are)
		b.try = "have the child created in new namespaces: SysProcAttr asks for them"
		if len(newFlags(e)) > 0 {
			b.try = "add " + list(flags) + " to the flags that it is created with"
		}
		b.at = e.At
	}
	return b
}

// wasNew tells whether the child was born in new namespaces of these kinds and
// left one of them.
func (f *facts) wasNew(kinds []string) bool {
	for _, kind := range kinds {
		if f.run.Host.New(f.child.Born, kind) {
			return true
		}
	}
	return false
}

// unshareWrong explains a child in the host's namespaces of those kinds by an
// unshare that could not bring it out of there, or was refused.
func (f *facts) unshareWrong(kinds []string) (because, bool) {
	var flags []string
	for _, kind := range kinds {
		flags = append(flags, flagOf(kind))
	}
	if u := f.unshared(f.child.ID, "CLONE_NEWPID", math.MaxInt); u != nil && u.Errno == "" && slices.Contains(flags, "CLONE_NEWPID") {
		b := because{
			cause: "unshare-in-child",
			why:   "it called unshare(CLONE_NEWPID) itself, which moves only processes that it makes later",
			try:   "ask for the PID namespace when the child is created: Cloneflags",
			at:    u.At,
		}
		if len(f.child.Execs) == 0 || u.Seq < f.child.Execs[0].Seq {
			b.cause = "unshareflags"
			b.why = "it called unshare(CLONE_NEWPID) before it became its program, as Unshareflags has it do; that moves only processes that it makes later"
			b.try = "look at the other field of SysProcAttr: Cloneflags"
		}
		return b, true
	}
	for _, p := range append(f.outside(), f.child) {
		for _, flag := range flags {
			u := f.unshared(p.ID, flag, math.MaxInt)
			if u == nil || u.Errno == "" {
				continue
			}
			return because{
				cause: "unshare-failed",
				why:   fmt.Sprintf("%s failed in %s: %s", callWords(u), f.who(p), errnoWords(u.Errno)),
				try:   "look at the error that Unshare returns",
				at:    u.At,
			}, true
		}
	}
	for _, p := range f.outside() {
		for _, e := range f.creations(p.ID) {
			if b := f.notCreated(e); e.Errno != "" && b.cause == "unshare-then-exec" && slices.Contains(flags, "CLONE_NEWPID") {
				return b, true
			}
		}
	}
	return because{}, false
}

// threadless explains a child that Go's runtime gave up because it could make
// no thread: whoever has unshared its PID namespace cannot, since its threads
// would live in another one than itself (clone(2), EINVAL).
func (f *facts) threadless() (because, bool) {
	if f.child == nil || !strings.Contains(f.output(f.child), "fatal error: newosproc") {
		return because{}, false
	}
	b, ok := f.unshareWrong([]string{"pid"})
	if !ok || b.cause != "unshareflags" && b.cause != "unshare-in-child" {
		return because{}, false
	}
	b.saw = "the child could make no thread, and Go's runtime gave it up"
	return b, true
}

// callWords shows a call with the namespaces that it asks for.
func callWords(e *evidence.Event) string {
	if flags := newFlags(e); len(flags) > 0 {
		return e.Call + "(" + strings.Join(flags, "|") + ")"
	}
	return e.Call + " with no CLONE_NEW flag"
}

// newFlags returns those of the call's flags that make namespaces.
func newFlags(e *evidence.Event) []string {
	var flags []string
	for _, flag := range e.Flags {
		if strings.HasPrefix(flag, "CLONE_NEW") && len(flags) < 8 {
			flags = append(flags, flag)
		}
	}
	return flags
}

// otherFlags returns those of the call's flags that neither make namespaces nor are
// os/exec's own.
func otherFlags(e *evidence.Event) []string {
	return slices.DeleteFunc(slices.Clone(e.Flags), func(flag string) bool {
		return strings.HasPrefix(flag, "CLONE_NEW") || !strings.HasPrefix(flag, "CLONE_") ||
			slices.Contains([]string{"CLONE_VM", "CLONE_VFORK", "CLONE_PIDFD", "CLONE_INTO_CGROUP"}, flag)
	})
}

// who names a process.
func (f *facts) who(p *evidence.Process) string {
	switch {
	case p.ID == 0:
		return "the first process"
	case p == f.child:
		return "the child"
	case f.in[p.ID]:
		return fmt.Sprintf("the container's pid %d", p.PIDSelf())
	}
	return fmt.Sprintf("pid %d, outside the container,", p.PIDSelf())
}

// exitWords says how a process ended.
func exitWords(p *evidence.Process) string {
	switch {
	case p.Exit == nil:
		return "was still running when time was up"
	case p.Exit.Signal != "":
		return "was ended by " + p.Exit.Signal
	}
	return fmt.Sprintf("exited with %d", p.Exit.Code)
}
