package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// silent says why nothing at all, or not the right thing, can have been
// printed, if that is so; ok is false if the container did print.
func (f *facts) silent() (because, bool) {
	if f.child == nil {
		return f.noChild(), true
	}
	if b, ok := f.loop(); ok {
		return b, true
	}
	if b, ok := f.notStarted(); ok {
		return b, true
	}
	if b, ok := f.broke(); ok {
		return b, true
	}
	for _, p := range f.inside() {
		if strings.TrimSpace(f.output(p)) != "" || len(f.lostIn(p)) > 0 {
			return because{}, false
		}
	}
	if slices.Contains(f.run.End.Cut, "events") {
		return because{}, false // it may have printed later
	}
	if b, ok := f.wroteFile(); ok {
		return b, true
	}
	if streams := f.unwired("stdout", "stderr"); slices.Contains(streams, "stdout") || len(streams) > 0 && f.wroteNowhere() {
		return f.notWired(streams), true
	}
	return f.saidNothing(), true
}

// saidNothing says that the child printed nothing that somebody could read.
func (f *facts) saidNothing() because {
	b := because{
		cause: "nothing-printed",
		saw:   "the child printed nothing",
		try:   "have the child print it; its output must lead to the program's own",
	}
	for _, name := range f.names {
		if found := f.hostname(f.outside(), name); len(found) > 0 {
			other := "another process"
			if f.run.Made(found[0].by.ID, f.child.ID) {
				other = "a parent"
			}
			b.why = fmt.Sprintf("%s wrote %s: that is %s, not the child", f.who(found[0].by), quote(found[0].line()), other)
			break
		}
	}
	switch e := f.child.Exit; {
	case !f.ended(f.child):
		b.why = "it was still running when time was up"
	case e.Signal == "SIGKILL" && f.run.End.OutOfMem:
		b = f.outOfMemory(f.child)
	case e.Signal != "":
		b = f.childKilled()
	case e.Code != 0 && !e.Injected:
		b.why = fmt.Sprintf("it exited with %d", e.Code)
	case b.why == "":
		f.idleShell(&b)
	}
	return b
}

// idleShell explains a container that only ran a shell, which found nothing to do.
func (f *facts) idleShell(b *because) {
	for _, p := range f.inside() {
		for _, e := range p.Execs {
			if !e.Self && len(e.Argv) == 1 && slices.Contains(shells(), path.Base(e.Argv[0])) && f.run.Input == "" {
				b.why = fmt.Sprintf("it ran %s without a command: that does what its standard input says, and in a check nothing stands there", word(e.Argv[0]))
				b.try = "have the child print it before it becomes the shell, or give that a command: -c and what it shall do"
				return
			}
		}
	}
}

// shells are the names of those programs.
func shells() []string { return []string{"sh", "bash", "ash", "dash", "zsh"} }

// wroteFile says that the container wrote to a file and to nothing else.
func (f *facts) wroteFile() (because, bool) {
	for _, p := range f.inside() {
		for _, e := range f.events[p.ID] {
			if e.Target == nil || e.Target.Kind != "file" || e.Errno != "" || strings.TrimSpace(string(e.Data)) == "" || inProc(e.Target.Name) {
				continue
			}
			b := because{
				cause: "nothing-printed",
				saw:   fmt.Sprintf("%s wrote %s to the file %s, and nothing to the program's output", f.who(p), quote(lastLine(string(e.Data))), word(e.Target.Name)),
				try:   "have the child print it to its standard output",
				at:    e.At,
			}
			if slices.Contains(f.outputs(p), *e.Target) {
				b.try = "hand the child the program's own standard streams"
			}
			return b, true
		}
	}
	return because{}, false
}

// inProc tells whether a file is one by which settings are made.
func inProc(name string) bool {
	return strings.HasPrefix(name, "/proc/") || strings.HasPrefix(name, "/sys/")
}

// wroteNowhere tells whether the container wrote to /dev/null, or to what was
// not open.
func (f *facts) wroteNowhere() bool {
	for _, p := range f.inside() {
		for _, e := range f.events[p.ID] {
			if e.Target != nil && (e.Target.Kind == "null" || e.Target.Kind == "closed" || e.Errno == "EBADF") {
				return true
			}
		}
	}
	return false
}

// broke says that the child broke off before it came to what it was to do.
func (f *facts) broke() (because, bool) {
	if b, ok := f.threadless(); ok {
		return b, true
	}
	if b, ok := f.refusedLast(f.child); ok {
		return b, true
	}
	b, ok := f.panicked(f.child)
	return b.with("the child panicked before it came to that"), ok
}

// refusedLast says that a process gave up over a call on the way to another root
// directory: it was refused, and the process made no other from there on. If it ended
// with 0 it must have complained at least.
func (f *facts) refusedLast(p *evidence.Process) (because, bool) {
	if !f.ended(p) || p.Exit.Injected || slices.Contains(f.run.End.Cut, "events") {
		return because{}, false
	}
	last := f.lastCall(p)
	if last == nil || last.Errno == "" || !slices.Contains(rootCalls(), last.Call) || !f.failed(p) && last == f.events[p.ID][len(f.events[p.ID])-1] {
		return because{}, false
	}
	return f.refusedCall(p, last), true
}

// lastCall returns the last call that a process made, but for its last words.
func (f *facts) lastCall(p *evidence.Process) *evidence.Event {
	for _, e := range slices.Backward(f.events[p.ID]) {
		if len(e.Data) == 0 {
			return e
		}
	}
	return nil
}

// failedBefore says that a child which was still the submission's own program ended with
// an error, and had not printed what was wanted of it.
func (f *facts) failedBefore(cause, wanted string) (because, bool) {
	n := len(f.child.Execs)
	if !f.failed(f.child) || f.child.Exit.Injected || f.child.Exit.Signal != "" || f.lastWords(f.child) == "" || n == 0 || !f.child.Execs[n-1].Self {
		return because{}, false
	}
	b := because{
		cause: cause,
		saw:   fmt.Sprintf("the child %s with the words %s, and had printed no %s", exitWords(f.child), complaint(f.lastWords(f.child)), wanted),
		try:   "find out from its words why it ended before it came to that",
	}
	f.withoutGroups(f.child, &b)
	return b, true
}

// lostIn returns the writes of a process whose bytes are not known.
func (f *facts) lostIn(p *evidence.Process) []mark {
	var lost []mark
	for i := range f.wrote[p.ID] {
		lost = append(lost, f.wrote[p.ID][i].lost...)
	}
	return lost
}

// unwired returns those of the child's standard streams that led nowhere when
// it became the submission's own program, or else its first program.
func (f *facts) unwired(names ...string) []string {
	if f.child == nil || len(f.child.Execs) == 0 {
		return nil
	}
	exec := f.child.Execs[0]
	for _, e := range f.child.Execs {
		if e.Self {
			exec = e
			break
		}
	}
	var found []string
	for i, name := range []string{"stdin", "stdout", "stderr"} {
		if kind := exec.Stdio[i].Kind; slices.Contains(names, name) && (kind == "null" || kind == "closed") {
			found = append(found, name)
		}
	}
	return found
}

func (f *facts) notWired(streams []string) because {
	words := map[string]string{"stdin": "standard input", "stdout": "standard output", "stderr": "standard error"}
	var names []string
	for _, s := range streams {
		names = append(names, words[s])
	}
	verb := "is"
	if len(names) > 1 {
		verb = "are"
	}
	return because{
		cause: "streams-not-wired",
		saw:   fmt.Sprintf("the child's %s %s /dev/null or closed", list(names), verb),
		try:   "hand the child the program's own standard streams",
	}
}
