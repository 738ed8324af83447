package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// asked is the command with its arguments, as it would be typed.
func (f *facts) asked() string {
	var words []string
	for _, arg := range commandOf(f.run.Args) {
		if arg == "" || strings.ContainsAny(arg, " '\"$\\") {
			arg = "'" + arg + "'"
		}
		words = append(words, arg)
	}
	return quoteTo(strings.Join(words, " "), maxQuote)
}

// noCommand says why the command did not run.
func (f *facts) noCommand() because {
	if f.child == nil {
		return f.noChild()
	}
	if b, ok := f.loop(); ok {
		return b
	}
	if f.otherCommand != nil {
		return f.otherArguments()
	}
	if b, ok := f.commandOutside(); ok {
		return b
	}
	for _, p := range f.inside() {
		if b, ok := f.refusedRoot(p); ok {
			return b
		}
	}
	for _, p := range f.inside() {
		if b, ok := f.refusedCommand(p); ok {
			return b
		}
		if b, ok := f.soughtImage(p); ok {
			return b
		}
	}
	if e := f.creation(f.child); e != nil && slices.Contains(e.Flags, "CLONE_VFORK") {
		if b, ok := f.notStarted(); ok {
			return b
		}
	}
	if b, ok := f.threadless(); ok {
		return b
	}
	if b, ok := f.panicked(f.child); ok {
		b.saw += ", and the command was not run"
		return b
	}
	if b, ok := f.spentPIDs(); ok {
		return b
	}
	if b, ok := f.notThePayload(); ok {
		return b
	}
	b := because{
		cause: "command-not-run",
		saw:   "the container did not execute " + f.asked(),
		try:   "have the child execute the command that follows the image's name, with all its arguments",
	}
	if other := f.instead(); other != nil && (!f.failed(f.child) || !f.complained()) {
		b.saw += ", but " + quote(strings.Join(other.Argv, " "))
		if f.ended(f.first) && f.first.Exit.Code != 0 {
			b.why = f.firstWords()
		}
		return b
	}
	if !f.ended(f.child) {
		b.saw += fmt.Sprintf("; the child was still running after %g s", float64(f.run.End.Limit)/1e6)
		b.try = "find what the child waits for, before it becomes the command"
		f.firstSaid(&b)
	}
	if f.failed(f.child) {
		f.gaveUp(&b)
		f.notRoot(&b)
		if said := f.lastWords(f.child); strings.Contains(said, "open /dev/null: no such file") {
			b.cause = "streams-not-wired"
			b.why = "os/exec opens /dev/null for a standard stream that is left nil, and there is none in the image"
			b.try = "hand all three standard streams on to the command"
		}
		if f.elsewhere(f.child) {
			f.inWrongRoot(f.child, &b)
			b.at = f.changedRoot(f.child).At
		}
	}
	return b
}

// notThePayload says that what was executed as the command is another program, if one was.
func (f *facts) notThePayload() (because, bool) {
	for _, p := range f.inside() {
		for _, e := range p.Execs {
			if !slices.Equal(e.Argv, commandOf(f.run.Args)) {
				continue
			}
			is := "another program than the payload"
			if e.Self {
				is = "the submission's own program"
			}
			return because{
				cause: "command-not-run",
				saw:   fmt.Sprintf("what the container executed as %s is %s", word(e.Argv[0]), is),
				try:   "leave the image's own programs where they are, with nothing mounted over them",
			}, true
		}
	}
	return because{}, false
}

// instead returns what program the container executed in place of the command, or nil.
// Where the child failed, other processes of it may have been to prepare the container.
func (f *facts) instead() *evidence.Exec {
	for _, p := range f.inside() {
		for i := range p.Execs {
			if !p.Execs[i].Self && (p == f.child || !f.failed(f.child)) {
				return &p.Execs[i]
			}
		}
	}
	return nil
}

// gaveUp tells why the child ended before it came to the command, if that was said.
func (f *facts) gaveUp(b *because) {
	const mend = "mend that first: the child ended before it came to the command"
	b.saw += "; the child " + exitWords(f.child)
	all := f.lastWords(f.child)
	if all != "" {
		b.saw += " with the words " + complaint(all)
		b.try = mend
		f.withoutGroups(f.child, b)
	}
	if said := f.firstSaid(b); said != "" {
		b.try = mend
		all += said
	}
	if tool := f.lastTool(f.child.Exit.Seq); tool != nil && f.failed(tool) {
		b.try = mend
		if said := f.toolSaid(tool); said == "" || !strings.Contains(all, said) {
			b.why = f.toolWords(tool)
		}
	}
}

// notRoot explains a child that was refused what it had to do by a user namespace in
// which it has no rights, if it is in one.
func (f *facts) notRoot(b *because) bool {
	e := f.creation(f.child)
	if e == nil || !slices.Contains(e.Flags, "CLONE_NEWUSER") || !f.powerless() {
		return false
	}
	b.why = "it is in a user namespace of its own (CLONE_NEWUSER), in which it is not root"
	b.try = "leave that flag out, or map root: UidMappings and GidMappings"
	b.at = e.At
	return true
}

// complained tells whether anything was said of why the child failed.
func (f *facts) complained() bool {
	var b because
	f.gaveUp(&b)
	return b.try != ""
}

// spentPIDs says that no process could be made in a PID namespace any more, since its
// first had ended.
func (f *facts) spentPIDs() (because, bool) {
	for _, p := range f.those(func(*evidence.Process) bool { return true }) {
		for _, e := range f.creations(p.ID) {
			if u := f.unshared(p.ID, "CLONE_NEWPID", e.Seq); e.Errno != "ENOMEM" || u == nil || u.Errno != "" {
				continue
			}
			b := f.notCreated(e)
			b.saw = fmt.Sprintf("the container did not execute %s: %s could not make a process: %s", f.asked(), f.who(p), errnoWords(e.Errno))
			if slices.ContainsFunc(p.Execs, func(e evidence.Exec) bool { return path.Base(e.Path) == "unshare" }) {
				b.try = "have unshare make a process for it: --fork"
			}
			return b, true
		}
	}
	return because{}, false
}

// firstSaid adds the last words of a first process that had a part in what the child
// does, and returns them.
func (f *facts) firstSaid(b *because) string {
	said := f.lastWords(f.first)
	if said == "" || f.run.Host.Internet == nil || strings.HasPrefix(said, "Container exited") {
		return ""
	}
	b.saw += "; the first process said " + complaint(said)
	return said
}

// powerless tells whether the child was refused what root of its own namespaces
// may always do.
func (f *facts) powerless() bool {
	return slices.ContainsFunc(f.events[f.child.ID], func(e *evidence.Event) bool {
		return e.Errno == "EPERM" && (e.Call == "sethostname" && f.isNew(f.child, "uts") || e.Call == "mount" && cutsOff(e) && f.isNew(f.child, "mnt"))
	})
}

// otherArguments is for a command that was run with arguments that are not
// those given.
func (f *facts) otherArguments() because {
	got, asked := f.otherCommand.exec.Argv, commandOf(f.run.Args)[1:]
	got = got[min(1, len(got)):]
	b := because{
		cause: "command-args",
		saw:   fmt.Sprintf("the command got the arguments %s, not %s", argWords(got), argWords(asked)),
		try:   "hand on every argument as one, as it came",
	}
	blank := func(arg string) bool { return strings.ContainsAny(arg, " \t\n") }
	switch {
	case slices.Equal(got, slices.DeleteFunc(slices.Clone(asked), func(arg string) bool { return arg == "" })):
		b.why = "empty ones were left out"
		b.try = "hand on every argument as it came: an empty one is one too"
	case !slices.Equal(strings.Fields(strings.Join(got, " ")), strings.Fields(strings.Join(asked, " "))):
	case !slices.ContainsFunc(got, blank):
		b.why = "they were joined and split again at blanks"
		b.try = "hand the slice of arguments on as it is: no joining, no shell"
	case slices.ContainsFunc(got, func(arg string) bool { return blank(arg) && !slices.Contains(asked, arg) }):
		b.why = "they were joined"
		b.try = "hand the slice of arguments on as it is: no joining, no shell"
	}
	for _, e := range f.calls(f.otherCommand.by.ID, "execve", "execveat") {
		if e.Errno == "" {
			b.at = e.At
		}
	}
	return b
}

// argWords shows arguments so that one can see where each ends.
func argWords(args []string) string {
	if len(args) == 0 {
		return "none"
	}
	var words []string
	for _, arg := range args[:min(len(args), 6)] {
		words = append(words, word(arg))
	}
	if len(args) > 6 {
		words = append(words, "...")
	}
	return "[" + strings.Join(words, " ") + "]"
}

// commandOutside says that the command was run, by a process that is not in the
// container.
func (f *facts) commandOutside() (because, bool) {
	found := f.ranOutside()
	if found == nil {
		return because{}, false
	}
	return because{
		cause: "command-outside",
		saw:   fmt.Sprintf("the command was run by pid %d, outside the container", found.by.PIDSelf()),
		try:   "have the child execute the command, not the parent",
	}, true
}

// ranOutside returns the command where a process ran it that is not in the container,
// or nil.
func (f *facts) ranOutside() *running {
	everywhere := map[int]bool{}
	for _, p := range f.outside() {
		everywhere[p.ID] = true
	}
	found, _ := findCommand(f.run, everywhere)
	return found
}

// refusedCommand says why a process could not execute the command.
func (f *facts) refusedCommand(p *evidence.Process) (because, bool) {
	for _, e := range slices.Backward(f.calls(p.ID, "execve", "execveat")) {
		if e.Errno == "" || len(p.Execs) > 0 && p.Execs[len(p.Execs)-1].Seq > e.Seq {
			continue
		}
		name := e.Path
		if name == "" && len(e.Argv) > 0 {
			name = e.Argv[0]
		}
		b := because{
			cause: "exec-failed",
			saw:   fmt.Sprintf("%s could not execute %s: %s", f.who(p), word(name), errnoWords(e.Errno)),
			try:   "look at the path of the program, and at the root in which it is looked for",
			at:    e.At,
		}
		if asked := commandOf(f.run.Args); slices.Contains(shells(), path.Base(name)) && name != asked[0] {
			b.why = fmt.Sprintf("a shell was to run the command, which is %s, and the image need not have one", word(asked[0]))
			b.try = "execute the command itself, and hand its arguments on as a slice: no joining, no shell"
		}
		if name == f.imageName() {
			imageForCommand(&b, name)
		}
		switch change := f.changedRoot(p); {
		case change != nil && !f.elsewhere(p) && strings.HasPrefix(name, f.imagePath()+"/"):
			b.why = fmt.Sprintf("the root is the image's by then, and from there the path is %s", word(strings.TrimPrefix(name, f.imagePath())))
			b.try = "after the root was changed, leave the image's path out"
		case f.elsewhere(p):
			f.inWrongRoot(p, &b)
			b.at = change.At
		case change != nil && change.Process == p.ID && strings.HasPrefix(name, "/proc/self/") && e.Errno == "ENOENT":
			b.why = fmt.Sprintf("%s came before, and in the image there is no proc mounted", pathCall(change))
			b.try = "start the program first, and let it change its own root then"
		}
		return b, true
	}
	return because{}, false
}

// soughtImage says that a process looked for a program with the image's name, as os/exec
// complains of.
func (f *facts) soughtImage(p *evidence.Process) (because, bool) {
	image, said := f.imageName(), f.words(p)
	if image == "" || !strings.Contains(said, fmt.Sprintf("exec: %q: executable file not found", image)) {
		return because{}, false
	}
	b := because{cause: "exec-failed", saw: fmt.Sprintf("%s found no program %s", f.who(p), word(image)), at: panickedAt(said)}
	imageForCommand(&b, image)
	return b, true
}

// imageName is the name of the image that the submission was started with, or "".
func (f *facts) imageName() string {
	_, image, _ := imageAndCommand(f.run.Args)
	if f.run.Image == nil {
		return ""
	}
	return image
}

// imageForCommand explains that the image's name was taken for the command.
func imageForCommand(b *because, image string) {
	b.why = fmt.Sprintf("%s is the image's name: the command comes after it", word(image))
	b.try = "take the image's name from the arguments; what follows it is the command"
}
