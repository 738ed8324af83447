package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// loop says that the program starts itself over and over, if it does.
func (f *facts) loop() (because, bool) {
	times, forever := f.startsItself()
	if !forever {
		return because{}, false
	}
	b := because{
		cause: "starts-itself",
		saw:   fmt.Sprintf("the program started itself %d times, each run from the one before", times),
		why:   "every run took the way of the first; none took the child's",
		try:   "look at the program's arguments first, and take the child's way there",
	}
	again := f.startedWith()
	if f.run.End.OutOfPIDs {
		b.saw += ", until the sandbox's limit of processes stopped it"
	}
	if len(again) == 1 {
		b.why = fmt.Sprintf("each run was started with the argument %s, and took the way of the first", word(again[0]))
		b.try = "look for that very argument first, and take the child's way there"
		if again[0] == "" {
			b.why = "each run was started with no argument, and so took the way of the first"
			b.try = "start it with an argument that says that it is the child"
		}
	}
	return b, true
}

// startedWith returns the arguments with which the program started itself: joined,
// those of each time once.
func (f *facts) startedWith() (again []string) {
	for _, p := range f.run.Processes {
		if p.ID == 0 {
			continue
		}
		for _, e := range p.Execs {
			if args := strings.Join(e.Argv[min(1, len(e.Argv)):], " "); e.Self && !slices.Contains(again, args) && len(again) < maxNames {
				again = append(again, args)
			}
		}
	}
	return again
}

// notStarted says why the child never became a program, if it did not.
func (f *facts) notStarted() (because, bool) {
	if f.child == nil || len(f.child.Execs) > 0 {
		return because{}, false
	}
	for _, e := range f.calls(f.child.ID, "execve", "execveat") {
		if e.Errno == "" {
			continue
		}
		name := e.Path
		if name == "" && len(e.Argv) > 0 {
			name = e.Argv[0]
		}
		return because{
			cause: "exec-failed",
			saw:   fmt.Sprintf("the child could not execute %s: %s", word(name), errnoWords(e.Errno)),
			try:   "look at the path of the program that the child shall run",
			at:    e.At,
		}, true
	}
	if exit := f.child.Exit; f.ended(f.child) && exit.Code != 0 && !exit.Injected && f.words(f.child) == "" {
		b := because{
			cause: "exec-failed",
			saw:   fmt.Sprintf("the child exited with %d before it executed any program", exit.Code),
			try:   "look at SysProcAttr and Dir: what they ask for comes before the program",
		}
		if said := f.lastWords(f.first); said != "" {
			b.why = f.who(f.first) + " wrote " + quoteTo(said, 2*maxQuote)
		}
		for _, e := range f.calls(f.child.ID, "chdir", "chroot", "unshare") {
			if e.Errno != "" {
				call := callWords(e)
				if e.Path != "" {
					call = fmt.Sprintf("%s(%s)", e.Call, word(e.Path))
				}
				b.why = fmt.Sprintf("%s failed: %s", call, errnoWords(e.Errno))
				b.at = e.At
			}
		}
		if made, ok := f.unmapped(); ok && b.why != "" && b.at == "" {
			b.why += "; the child is in a user namespace of its own, where no user is root"
			b.try = "leave CLONE_NEWUSER out, or map root: UidMappings and GidMappings; Credential can name only users that are mapped"
			b.at = made.At
		}
		return b, true
	}
	if e := f.creation(f.child); e != nil && e.Done == 0 && slices.Contains(e.Flags, "CLONE_VFORK") && !f.ended(f.child) && f.words(f.child) == "" {
		// os/exec has the child wait for the mappings, which the parent would write.
		return because{
			cause: "exec-failed",
			saw:   fmt.Sprintf("after %g s the child had not executed any program yet", float64(f.run.End.Limit)/1e6),
			why:   fmt.Sprintf("the %s that made it waits until it does (CLONE_VFORK), and it waited for something, too", e.Call),
			try:   "look at SysProcAttr: mappings of ids go with CLONE_NEWUSER only",
			at:    e.At,
		}, true
	}
	return because{}, false
}
