package scenario

import (
	"fmt"
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
	if f.ended(last) && (last.Exit.Code != 0 || last.Exit.Signal != "") {
		b.saw = fmt.Sprintf("no container: %s %s, and the first process %s", quote(programOf(last)), exitWords(last), exitWords(f.first))
		b.try = "mend that first: the program gave up before there was a child"
		// What follows the first line is its advice, or its trace.
		if said, _, _ := strings.Cut(strings.TrimSpace(f.words(last)), "\n"); said != "" {
			b.why = "it said " + quoteTo(said, 2*maxQuote)
		}
	}
}

// programOf is the last program of a process, as it would be typed.
func programOf(p *evidence.Process) string { return strings.Join(p.Execs[len(p.Execs)-1].Argv, " ") }
