package scenario

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

func runChecks() []sentence {
	return []sentence{
		{
			head: "printed", usage: "hostname|new-hostname|pid|something", check: true,
			about: "A process of the container printed, in any wording: a hostname that it had; one that the host never had; its pid, or that of another process of the container, as seen in there; anything. For pid, a run that is started `alone` will do as well.",
			parse: parsePrinted,
		},
		{
			head: "first printed pid", check: true,
			about: "The first process printed its own pid.",
			parse: func(args []string) (action, error) { return noArgs(args, firstPID) },
		},
		{
			head: "first outlives child", check: true,
			about: "When the first process ended, the child had ended and was no zombie waiting for it.",
			parse: func(args []string) (action, error) { return noArgs(args, firstOutlives) },
		},
		{
			head: "first reports child exit", check: true,
			about: "The first process ended with the child's exit status, or printed it after the child had ended.",
			parse: func(args []string) (action, error) { return noArgs(args, firstReports) },
		},
		{
			head: "first exits", usage: "0 [or as child]", check: true,
			about: "The first process ended with exit status 0, or with the child's.",
			parse: parseFirstExits,
		},
		{
			head: "host hostname unchanged", check: true,
			about: "The host's hostname was the same throughout.",
			parse: func(args []string) (action, error) { return noArgs(args, hostUnchanged) },
		},
		{
			head: "in time", check: true,
			about: "Everything had ended before the time limit.",
			parse: func(args []string) (action, error) { return noArgs(args, inTime) },
		},
		{
			head: "leftovers", check: true, neg: true,
			about: "Nothing is left behind on the host: no process that outlived the first one, no mount.",
			parse: func(args []string) (action, error) { return noArgs(args, noLeftovers) },
		},
	}
}

func parsePrinted(args []string) (action, error) {
	if err := wordArgs(args, "hostname", "new-hostname", "pid", "something"); err != nil {
		return nil, err
	}
	if len(args) > 1 {
		return nil, fmt.Errorf("%s is too much", args[1])
	}
	return map[string]action{
		"hostname":     printedHostname,
		"new-hostname": printedNewHostname,
		"pid":          printedPID,
		"something":    printedSomething,
	}[args[0]], nil
}

// printedName tells whether the container printed one of the names, in its own
// UTS namespace's time of it.
func (f *facts) printedName(names []string) bool {
	if _, loop := f.loop(); loop {
		return false
	}
	for _, name := range names {
		for _, p := range f.hostname(f.inside(), name) {
			if p.came && f.had(p, name) {
				return true
			}
		}
	}
	return false
}

func printedHostname(s *scene) (*failure, error) {
	f := s.facts
	if f.printedName(f.names) {
		return nil, nil
	}
	return &failure{"the child printing its hostname", f.hostnameNotPrinted(f.names)}, nil
}

func printedNewHostname(s *scene) (*failure, error) {
	f := s.facts
	names := f.newNames()
	if f.printedName(names) {
		return nil, nil
	}
	const want = "the child printing its new hostname"
	if len(names) == 0 {
		return &failure{want, f.oldHostname()}, nil
	}
	return &failure{want, f.hostnameNotPrinted(names)}, nil
}

func printedPID(s *scene) (*failure, error) {
	f := s.facts
	_, loop := f.loop()
	own := f.pids(f.inside())
	known := f.known(f.number(f.inside(), func(n int) bool { return own[n] }))
	if !loop && printedCame(f.besideNames(known)) {
		return nil, nil
	}
	const want = "the child printing its own pid"
	b := f.pidNotPrinted()
	if s.asksAlone() {
		alone, ok, err := s.alonePID()
		if ok || err != nil {
			return nil, err
		}
		if !f.startedAgain() {
			b = alone
		}
	}
	if err := f.inCode(); !loop && err != nil {
		return nil, err
	}
	return &failure{want, b}, nil
}

// besideNames leaves out one place of each number that was the writer's hostname
// then: that place is the name's, and says nothing of a pid.
func (f *facts) besideNames(found []printing) []printing {
	names := map[int]bool{}
	return slices.DeleteFunc(slices.Clone(found), func(p printing) bool {
		isName := p.came && !names[p.value] && f.had(p, strconv.Itoa(p.value))
		names[p.value] = names[p.value] || isName
		return isName
	})
}

func printedSomething(s *scene) (*failure, error) {
	f := s.facts
	var lost *printing
	for _, p := range f.inside() {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			empty := strings.TrimSpace(t.data) == ""
			if _, loop := f.loop(); !loop && (t.streams() && (!empty || len(t.lost) > 0) || f.someCame(t)) {
				return nil, nil
			}
			if lost == nil && !empty {
				end := len(strings.TrimRightFunc(t.data, unicode.IsSpace))
				lost = &printing{by: p, text: t, event: t.at(end), end: end}
			}
		}
	}
	const want = "what the child writes coming out"
	if b, ok := f.silent(); ok {
		return &failure{want, b}, nil
	}
	if err := f.inCode(); err != nil {
		return nil, err
	}
	if lost == nil { // it wrote to a pipe, and what is not known
		return nil, nil
	}
	return &failure{want, outputLost(*lost)}, nil
}

func firstPID(s *scene) (*failure, error) {
	f := s.facts
	pid := f.first.PIDSelf()
	found := f.number(f.theFirst(), func(n int) bool { return n == pid })
	if printedCame(f.known(found)) {
		return nil, nil
	}
	const want = "the first process printing its own pid"
	if printedCame(found) {
		return &failure{want, f.guessed(found[0], "first-pid-not-printed")}, nil
	}
	if b, ok := f.panicked(f.first); ok {
		b.saw = "the first process panicked, and had not printed its pid"
		return &failure{want, b}, nil
	}
	if size, ok := f.partly(f.theFirst()); ok {
		return &failure{want, notInPart("first-pid-not-printed", "pid of the first process", size)}, nil
	}
	b := because{
		cause: "first-pid-not-printed",
		saw:   fmt.Sprintf("the first process printed %s and not its pid, %d", quote(f.lastWords(f.first)), pid),
		try:   "have the parent ask for its own pid and print it",
	}
	if line, claimed := claim(f.words(f.first)); line != "" {
		b.saw = fmt.Sprintf("the first process wrote %s", quote(line))
		b.why = fmt.Sprintf("it is pid %d, and not %d", pid, claimed)
		if f.child != nil && slices.Contains(f.child.PIDs, claimed) {
			b.why = fmt.Sprintf("it is pid %d; %d is the child", pid, claimed)
		}
	}
	if other, ok := misspelt(f.words(f.first), pid); ok {
		b.why, b.try = other.why, other.try
		b.saw = "the first process wrote " + other.saw
	}
	if f.lastWords(f.first) == "" {
		b.saw = "the first process printed nothing"
	}
	return &failure{want, b}, nil
}

func firstOutlives(s *scene) (*failure, error) {
	f := s.facts
	if _, loop := f.loop(); !loop && f.outlived() {
		return nil, nil
	}
	return &failure{"the first process to wait for the child", f.gone()}, nil
}

func firstReports(s *scene) (*failure, error) {
	f := s.facts
	const want = "the first process to report the child's exit code"
	if f.child == nil {
		return &failure{want, f.noChild()}, nil
	}
	if b, loop := f.loop(); loop {
		return &failure{want, b}, nil
	}
	if s.spec.ChildExit != 0 && f.outlived() && f.child.Exit.Signal == "" && f.child.Exit.Code == 0 {
		if executedSelf(f.child) > 0 {
			return nil, fmt.Errorf("judge evidence: the child exited with 0, and should have been made to exit with %d", s.spec.ChildExit)
		}
		return childRuns(s)
	}
	if b, ok := f.unreported(s.natural); !ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}

func parseFirstExits(args []string) (action, error) {
	if len(args) == 0 || args[0] != "0" {
		return nil, fmt.Errorf("want 0")
	}
	if len(args) > 1 && !slices.Equal(args[1:], []string{"or", "as", "child"}) {
		return nil, fmt.Errorf("%s is too much", strings.Join(args[1:], " "))
	}
	asChild := len(args) > 1
	return func(s *scene) (*failure, error) { return firstExits(s, asChild) }, nil
}

func firstExits(s *scene, asChild bool) (*failure, error) {
	f := s.facts
	want := "the first process to exit with 0"
	if asChild {
		want += ", or as the child did"
	}
	_, loop := f.loop()
	if !loop && f.ended(f.first) && f.first.Exit.Signal == "" {
		if f.first.Exit.Code == 0 {
			return nil, nil
		}
		if asChild && f.child != nil && f.ended(f.child) && f.child.Exit.Signal == "" && f.child.Exit.Code == f.first.Exit.Code {
			return nil, nil
		}
	}
	return &failure{want, f.firstBad()}, nil
}

func hostUnchanged(s *scene) (*failure, error) {
	f := s.facts
	changed := f.run.Host.After != "" && f.run.Host.After != f.run.Host.Hostname
	for _, n := range f.run.Names {
		if n.UTS == f.run.Host.Namespaces["uts"] && n.Name != f.run.Host.Hostname {
			changed = true
		}
	}
	const want = "the host's hostname left as it was"
	if changed || f.renamed() != nil {
		return &failure{want, f.hostRenamed()}, nil
	}
	if b, ok := f.unrecorded(); ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}

func inTime(s *scene) (*failure, error) {
	f := s.facts
	if !f.run.End.TimedOut {
		return nil, nil
	}
	return &failure{fmt.Sprintf("everything over within %g s", float64(f.run.End.Limit)/1e6), f.late()}, nil
}

func noLeftovers(s *scene) (*failure, error) {
	const want = "nothing left behind"
	if b, left := s.facts.leftovers(); left {
		return &failure{want, b}, nil
	}
	if b, ok := s.facts.unrecorded(); ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}
