package scenario

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"pidone/checker/evidence"
)

// startedAgain tells whether a process that came from the first one executed
// the submission's own program.
func (f *facts) startedAgain() bool {
	return slices.ContainsFunc(f.run.Processes, func(p *evidence.Process) bool {
		return p.ID > 0 && !p.Probe && executedSelf(p) > 0
	})
}

// asksAlone tells whether the run with the child's arguments alone may show what
// the other does not: of a program that starts itself for ever, but with others,
// only the parent may be wrong.
func (s *scene) asksAlone() bool {
	if s.aloneSpec == nil {
		return false
	}
	_, loop := s.facts.loop()
	return !loop || !slices.Contains(s.facts.startedWith(), strings.Join(s.aloneSpec.Args, " "))
}

// ownWay says why the program does not tell its child's run from its first, ok
// is true if it does: either it started itself and that came to an end, or,
// started alone with the child's arguments, it does something else than
// without them.
func (s *scene) ownWay() (b because, ok bool, err error) {
	if b, loop := s.facts.loop(); loop {
		if s.asksAlone() {
			if _, ok, err := s.aloneWay(); ok || err != nil {
				return because{}, ok, err
			}
		}
		return b, false, nil
	}
	if s.facts.startedAgain() {
		return because{}, true, nil
	}
	if b, lost := s.facts.lost(); lost {
		return b, false, nil
	}
	return s.aloneWay()
}

// lost says that the first process went neither the child's way nor the parent's:
// all that it did was to panic, over an argument that it was not given.
func (f *facts) lost() (because, bool) {
	b, ok := f.panicked(f.first)
	line := panicIn(f.words(f.first))
	if !ok || len(f.creations(0)) > 0 || !f.wantsArgument(f.first, line) || !strings.HasPrefix(strings.TrimSpace(f.words(f.first)), line) {
		return because{}, false
	}
	b.saw = "started without an argument, the program panicked, and took neither way"
	if args := strings.Join(f.run.Args, " "); args != "" {
		b.saw = fmt.Sprintf("started with the argument %s, the program panicked, and took neither way", word(args))
	}
	b.try = "ask how many arguments there are before you look at one"
	return b, true
}

// aloneWay is ownWay for the run with the child's arguments alone.
func (s *scene) aloneWay() (b because, ok bool, err error) {
	alone, err := s.alone()
	if err != nil {
		return because{}, false, err
	}
	args := strings.Join(alone.run.Args, " ")
	b = because{
		cause: "no-own-way",
		try:   "look at the program's arguments first, and take the child's way there",
	}
	switch p := alone.first; {
	case slices.Equal(plainWords(alone, alone.run.Args), plainWords(s.facts, alone.run.Args)):
		b.saw = fmt.Sprintf("started with the argument %s, it does what it does without", word(args))
	case len(alone.those(func(p *evidence.Process) bool { return p.ID > 0 })) > 0 || len(alone.creations(0)) > 0:
		b.saw = fmt.Sprintf("started with the argument %s, it makes a process, as a parent does", word(args))
	case !alone.ended(p), p.Exit.Signal != "", p.Exit.Code != 0:
		b.cause = "own-way-failed"
		b.saw = fmt.Sprintf("started with the argument %s, it %s", word(args), exitWords(p))
		if said := alone.lastWords(p); said != "" {
			b.saw += " with the words " + complaint(said)
		}
		b.try = "find why the child's way fails: it should say so"
	default:
		return because{}, true, nil
	}
	return b, false, nil
}

// plainWords are the words that came out of a run, without numbers and without
// some arguments: a program that merely repeats those does not tell one run
// from another.
func plainWords(f *facts, args []string) []string {
	var words []string
	for _, out := range f.came.out {
		words = append(words, strings.FieldsFunc(out, func(r rune) bool { return !unicode.IsLetter(r) })...)
		words = append(words, "|")
	}
	return slices.DeleteFunc(words, func(w string) bool { return slices.Contains(args, w) })
}

// alonePID says why the run with the child's arguments alone did not print its
// pid; ok is true if it did.
func (s *scene) alonePID() (b because, ok bool, err error) {
	if b, ok, err := s.aloneWay(); !ok || err != nil {
		return b, false, err
	}
	f, err := s.alone()
	if err != nil {
		return because{}, false, err
	}
	pid := f.first.PIDSelf()
	everyone := f.those(func(*evidence.Process) bool { return true })
	for _, p := range f.number(everyone, func(n int) bool { return n == pid }) {
		if p.came && f.guesses(p) {
			return f.guessed(p, "pid-not-printed"), false, nil
		}
		if p.came {
			return because{}, true, nil
		}
	}
	b = because{
		cause: "pid-not-printed",
		saw:   fmt.Sprintf("started as the child, it printed %s and not its pid, %d", quote(f.lastWords(f.first)), pid),
		try:   "have the child ask for its own pid and print it",
	}
	if f.lastWords(f.first) == "" {
		b.cause = "nothing-printed"
		b.saw = "started as the child, it printed nothing"
	}
	if other, ok := misspelt(f.words(f.first), pid); ok {
		b.why, b.try = other.why, other.try
		b.saw = "started as the child, it wrote " + other.saw
	}
	return b, false, nil
}

// unreported says why the first process did not report how the child ended; ok
// is true if it did: it exited with the child's code, or it printed that code
// after the child had ended. Of two runs in which the child ended differently,
// natural is the one in which nothing was injected: a line that stands in both
// reports nothing.
func (f *facts) unreported(natural *facts) (b because, ok bool) {
	if !f.outlived() {
		return f.gone(), false
	}
	if f.child.Exit.Signal != "" {
		return f.childBad(), false
	}
	code := f.child.Exit.Code
	if f.ended(f.first) && f.first.Exit.Signal == "" && f.first.Exit.Code == code {
		return because{}, true
	}
	var known []string
	if natural != nil && natural != f && natural.outlived() && natural.child.Exit.Code != code {
		known = natural.lines(code)
	}
	for _, line := range f.lines(code) {
		if !slices.Contains(known, line) {
			return because{}, true
		}
	}
	if !f.ended(f.first) {
		return f.late(), false
	}
	if b, ok := f.panicked(f.first); ok {
		return b, false
	}
	if b, ok := f.notStarted(); ok {
		return b, false
	}
	b = because{
		cause: "child-exit-ignored",
		saw:   fmt.Sprintf("the child exited with %d; %s", code, f.firstWords()),
		try:   "ask for the child's exit code after waiting, and print it",
	}
	if f.toldBefore(code) {
		b.why = "it wrote that before the child had ended"
	}
	if told := f.lines(code); len(told) > 0 {
		b.why = fmt.Sprintf("it wrote %s in the run, too, in which the child exited with %d", quote(told[0]), natural.child.Exit.Code)
	}
	said := f.lastWords(f.first)
	switch {
	case f.first.Exit.Code == 0 && said != "":
		b.saw += " and wrote " + quote(said)
	case f.first.Exit.Code != 0 && code == 0:
		b.try = "find why the parent fails, though the child did not"
	}
	return b, false
}

// toldBefore tells whether the last line of the first process has that number, and
// was written before the child had ended.
func (f *facts) toldBefore(code int) bool {
	last := f.lastWords(f.first)
	return slices.ContainsFunc(f.number(f.theFirst(), func(n int) bool { return n == code }), func(p printing) bool {
		return p.event.Seq < f.child.Exit.Seq && strings.TrimSpace(p.line()) == last
	})
}

// lines returns the lines with that number that the processes outside of the
// container printed after the child had ended.
func (f *facts) lines(code int) []string {
	var lines []string
	for _, p := range f.number(f.outside(), func(n int) bool { return n == code }) {
		if p.came && p.event.Seq > f.child.Exit.Seq {
			lines = append(lines, strings.TrimSpace(clock().ReplaceAllString(p.line(), "")))
		}
	}
	return lines
}
