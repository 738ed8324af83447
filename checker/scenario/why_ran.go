package scenario

import (
	"fmt"
	"slices"
	"strings"
)

// notCarried says that one of the standard streams was not carried through to
// the command.
func (f *facts) notCarried(stream string) (because, bool) {
	at := slices.Index([]string{"stdin", "stdout", "stderr"}, stream)
	kind := f.command.exec.Stdio[at].Kind
	if kind == "null" || kind == "closed" {
		is := "/dev/null"
		if kind == "closed" {
			is = "closed"
		}
		return because{
			cause: "streams-not-wired",
			saw:   fmt.Sprintf("the command's %s is %s", streamWord(stream), is),
			try:   "hand all three standard streams on, from the parent to the child and from there to the command",
		}, true
	}
	if !f.command.exec.Payload {
		return because{}, false
	}
	said := f.said(f.command.by)
	lost := because{
		cause: "output-lost",
		saw:   fmt.Sprintf("what the command wrote to %s did not come out there", streamWord(stream)),
		try:   "hand on the stream itself, or copy all of it before the program ends",
	}
	switch stream {
	case "stdin":
		if said == nil {
			if !f.ended(f.command.by) {
				return f.late().with("the command still waiting for the end of standard input"), true
			}
			return because{}, false // it wrote nothing: another stream is to blame
		}
		if said.Stdin != f.run.Input {
			return because{
				cause: "input-lost",
				saw:   fmt.Sprintf("the command read %s from standard input, the program was given %s", quote(said.Stdin), quote(f.run.Input)),
				try:   "hand standard input on to the child and to the command, and read nothing from it yourself",
			}, true
		}
	case "stdout":
		if said == nil {
			if b, ok := f.cutWithPID1(); ok {
				return b, true
			}
			return lost.with("the command wrote nothing to standard output"), true
		}
		if !strings.Contains(string(f.run.Stdout.Data), said.Word) {
			if strings.Contains(string(f.run.Stderr.Data), said.Word) {
				lost.why = "it came out on standard error"
			}
			return lost, true
		}
	case "stderr":
		if w := f.errorWord(f.command.by); w == "" || !strings.Contains(string(f.run.Stderr.Data), w) {
			if w != "" && strings.Contains(string(f.run.Stdout.Data), w) {
				lost.why = "it came out on standard output"
			}
			return lost, true
		}
	}
	return because{}, false
}

// cutWithPID1 says that the kernel ended the command because pid 1 of its PID namespace
// had ended before, if that is so.
func (f *facts) cutWithPID1() (because, bool) {
	p := f.command.by
	if p == f.child || f.child.PIDSelf() != 1 || !f.ended(f.child) || !f.ended(p) || p.Exit.Signal != "SIGKILL" || f.child.Exit.Signal != "" ||
		state(p).Namespaces["pid"] != state(f.child).Namespaces["pid"] || f.run.End.OutOfMem || f.signalled(p, because{}).why != "" {
		return because{}, false
	}
	return because{
		cause: "parent-gone",
		saw:   "the command was ended by SIGKILL, when the child exited",
		why:   "the child is pid 1: with it the kernel ends every process of its PID namespace",
		try:   "have the child wait for the command before it ends",
	}, true
}

// otherExit says why the first process did not end as the command did.
func (f *facts) otherExit() because {
	if !f.ended(f.command.by) || !f.ended(f.first) {
		return f.late()
	}
	if f.first.Exit.Signal != "" {
		return f.firstKilled()
	}
	is := f.command.by.Exit
	b := because{
		cause: "exit-code-lost",
		saw:   fmt.Sprintf("the command %s, the first process %s", exitWords(f.command.by), exitWords(f.first)),
		try:   "ask how the child ended, and end with the same code",
	}
	if !f.outlived() {
		gone := f.gone()
		b.cause, b.why, b.try = gone.cause, "it ended, and had not waited for the child", gone.try
		return b
	}
	if cut, ok := f.cutWithPID1(); ok {
		return cut
	}
	if f.first.Exit.Code != 0 {
		f.unmountsInVain(&b)
	}
	if p, ok := f.panicked(f.first); ok {
		b.why, b.at = p.why, p.at
	}
	if f.command.by != f.child && f.child.Exit != nil && (f.child.Exit.Code != is.Code || f.child.Exit.Signal != is.Signal) {
		b.why = fmt.Sprintf("the child, between them, %s", exitWords(f.child))
		b.try = "have the child end with the command's code; the parent takes it from there"
	}
	return b
}
