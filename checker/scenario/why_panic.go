package scenario

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// Go ends a panic with exit status 2, after "panic: " or "fatal error: " and
// the stacks of its goroutines (package runtime, "Environment Variables",
// GOTRACEBACK).
var (
	panicLine  = pattern.Lazy(`(?m)^(?:panic|fatal error): .*$`)
	panicFrame = pattern.Lazy(`(?m)^main\.(.*)\n\t(\S+\.go:\d+)`)
	tooShort   = pattern.Lazy(`^panic: runtime error: (?:index out of range \[\d+\] with length|slice bounds out of range \[\d+:)[ ]?(\d+)`)
	oneError   = pattern.Lazy(`\(0x([0-9a-f]+)\?*, 0x([0-9a-f]+)\?*\)`)
)

// panicIn returns the line that says why Go gave a process up, or "".
func panicIn(said string) string {
	if !strings.Contains(said, "\ngoroutine ") {
		return ""
	}
	return panicLine().FindString(said)
}

// panicked says that a process ended by a panic, if it did.
func (f *facts) panicked(p *evidence.Process) (because, bool) {
	if p.Exit == nil || p.Exit.Code != 2 || p.Exit.Injected {
		return because{}, false
	}
	said := f.words(p)
	line := panicIn(said)
	if line == "" {
		return because{}, false
	}
	b := because{
		cause: "child-panicked",
		saw:   fmt.Sprintf("%s ended in a panic", f.who(p)),
		why:   "it wrote " + quoteTo(line, 2*maxQuote),
		try:   "mend what the panic's first lines tell",
		at:    panickedAt(said),
	}
	if p.ID == 0 {
		b.cause = "first-panicked"
	}
	switch {
	case len(f.run.Args) > 0:
	case f.wantsArgument(p, line):
		b.try = "ask how many arguments there are first; ARGS='run ...' gives some"
	case p.ID == 0 && usage().MatchString(line):
		b.try = giveArguments
	}
	f.withoutGroups(p, &b)
	return b, true
}

// wantsArgument tells whether a process panicked, with that line, over what is as long
// as its arguments: it took more of them for granted.
func (f *facts) wantsArgument(p *evidence.Process, line string) bool {
	args := 1 + len(f.run.Args)
	if p.ID != 0 {
		args = 0
		for _, e := range p.Execs {
			if e.Self {
				args = len(e.Argv)
			}
		}
	}
	m := tooShort().FindStringSubmatch(line)
	return m != nil && args > 0 && m[1] == strconv.Itoa(args)
}

// panickedAt returns the line of the program in which it panicked. A function that
// panics over an error which it is given is not meant: the line that calls it is.
func panickedAt(said string) string {
	_, stack, _ := strings.Cut(said, "\ngoroutine ")
	stack, _, _ = strings.Cut(stack, "\n\n")
	frames := panicFrame().FindAllStringSubmatch(stack, 2)
	if len(frames) == 0 {
		return ""
	}
	m := frames[0]
	if len(frames) > 1 && handsError(m[1]) && !strings.HasPrefix(panicIn(said), "panic: runtime error: ") {
		m = frames[1]
	}
	return path.Base(m[2])
}

// handsError tells whether a line of a stack is that of a function which is small
// enough to be a part of its caller, or has one argument, an error: two addresses.
func handsError(frame string) bool {
	if strings.HasSuffix(frame, "(...)") {
		return true
	}
	m := oneError().FindStringSubmatch(strings.NewReplacer("{", "", "}", "").Replace(frame))
	if m == nil {
		return false
	}
	for _, digits := range m[1:] {
		if n, err := strconv.ParseUint(digits, 16, 64); err != nil || n < 1<<16 {
			return false // the length of a text
		}
	}
	return true
}
