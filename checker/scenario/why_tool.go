package scenario

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// onlyTools tells of the tools that the program executed in place of a child, or
// before it gave up.
func (f *facts) onlyTools(b *because) {
	tools := f.those(func(p *evidence.Process) bool { return len(p.Execs) > 0 && isTool(f.run, p) })
	if len(tools) == 0 {
		return
	}
	last := tools[len(tools)-1]
	b.saw = fmt.Sprintf("no container: %s was executed on the host, and %s", quote(programOf(last)), f.firstWords())
	b.try = "have the program start a child, which becomes the command"
	if e := f.creation(last); e != nil {
		b.at = e.At
	}
	if f.failed(last) {
		b.saw = fmt.Sprintf("no container: %s %s, and the first process %s", quote(programOf(last)), exitWords(last), exitWords(f.first))
		b.try = "mend that first: the program gave up before there was a child"
		if said := f.toolSaid(last); said != "" {
			b.why = "it said " + complaint(said)
		}
	}
}

// failed tells whether a process ended, and not well.
func (f *facts) failed(p *evidence.Process) bool {
	return f.ended(p) && (p.Exit.Code != 0 || p.Exit.Signal != "")
}

// toolSaid is what a tool said. What follows its first line is its advice, or its trace.
func (f *facts) toolSaid(p *evidence.Process) string {
	said, _, _ := strings.Cut(strings.TrimSpace(f.words(p)), "\n")
	return strings.TrimSpace(said)
}

// toolWords says how a tool ended.
func (f *facts) toolWords(p *evidence.Process) string {
	words := fmt.Sprintf("%s %s", complaint(programOf(p)), exitWords(p))
	if said := f.toolSaid(p); said != "" {
		words += " and said " + complaint(said)
	}
	return words
}

// otherPrograms are the processes that executed a program which is neither the
// submission's nor the command, and ended before a moment.
func (f *facts) otherPrograms(before int) []*evidence.Process {
	return f.those(func(p *evidence.Process) bool {
		if p == f.child || len(p.Execs) == 0 || !f.ended(p) || p.Exit.Seq > before {
			return false
		}
		last := p.Execs[len(p.Execs)-1]
		return !last.Self && !last.Payload
	})
}

// lastTool returns that of them which was executed last, or nil.
func (f *facts) lastTool(before int) (tool *evidence.Process) {
	for _, p := range f.otherPrograms(before) {
		if tool == nil || executed(p) > executed(tool) {
			tool = p
		}
	}
	return tool
}

// refusedTool says of a tool that was to do what is missing that it failed, where the
// program may not have looked; doing tells by its command line what it was to do.
func (f *facts) refusedTool(b because, doing func(name string, args []string) bool) because {
	var last *evidence.Process
	for _, p := range f.otherPrograms(math.MaxInt) {
		argv := p.Execs[len(p.Execs)-1].Argv
		if len(argv) > 1 && doing(path.Base(argv[0]), argv[1:]) && (last == nil || executed(p) > executed(last)) {
			last = p
		}
	}
	if last == nil || !f.failed(last) {
		return b
	}
	if b.why != "" {
		b.why += "; "
	}
	b.why += f.toolWords(last)
	return b
}

// setting tells of a tool for interfaces, addresses and routes that one of its arguments
// begins so.
func setting(words ...string) func(string, []string) bool {
	return func(name string, args []string) bool {
		return slices.Contains([]string{"ip", "ifconfig", "route", "nsenter"}, name) && slices.ContainsFunc(args, func(arg string) bool {
			return slices.ContainsFunc(words, func(w string) bool { return strings.HasPrefix(arg, w) })
		})
	}
}

// moving tells of one that it is to do another thing to one of two interfaces than bring
// it up.
func moving(ends ...string) func(string, []string) bool {
	sets := setting(ends...)
	return func(name string, args []string) bool {
		return sets(name, args) && slices.Contains(args, "set") && !slices.Contains(args, "up")
	}
}

// translating tells of a tool for the packet filter that is to make a rule for NAT.
func translating(name string, args []string) bool {
	line := strings.ToLower(strings.Join(args, " "))
	switch {
	case strings.HasPrefix(name, "iptables"):
		return !slices.Contains(args, "-C") && !slices.Contains(args, "-D") && (strings.Contains(line, "masq") || strings.Contains(line, "snat"))
	case name == "nft":
		return strings.Contains(line, "masq") || strings.Contains(line, "snat") || slices.Contains(args, "-f")
	}
	return false
}

// filtering tells of a tool that is to take away a rule of the packet filter.
func filtering(name string, args []string) bool {
	return strings.HasPrefix(name, "iptables") && (slices.Contains(args, "-D") || slices.Contains(args, "--delete")) ||
		name == "nft" && slices.Contains(args, "delete")
}

func executed(p *evidence.Process) int { return p.Execs[len(p.Execs)-1].Seq }

// programOf is the last program of a process, as it would be typed.
func programOf(p *evidence.Process) string { return strings.Join(p.Execs[len(p.Execs)-1].Argv, " ") }
