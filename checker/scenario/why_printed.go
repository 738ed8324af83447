package scenario

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// outputLost says that the container wrote the right thing into nothing.
func outputLost(p printing) because {
	return because{
		cause: "output-lost",
		saw:   fmt.Sprintf("the child wrote %s into a %s, and it never came out", quote(p.line()), p.text.target.Kind),
		try:   "copy what the child writes to the program's own output",
		at:    p.event.At,
	}
}

// hostnameNotPrinted says why no hostname was printed for which good holds.
// names are those looked for.
func (f *facts) hostnameNotPrinted(names []string) because {
	if b, ok := f.silent(); ok {
		return b
	}
	var early, beside *printing
	for _, name := range names {
		for _, p := range f.hostname(f.inside(), name) {
			if f.had(p, name) {
				return outputLost(p) // else the check had passed
			}
			if f.run.Had(f.utsAt(p), name, math.MaxInt) {
				early = &p
			} else if after := p.event.After; p.came && after != nil && after.Hostname != "" {
				beside = &p
			}
		}
	}
	if early != nil {
		return because{
			cause: "printed-too-early",
			saw:   fmt.Sprintf("the child wrote %s before the kernel had that name", quote(early.line())),
			why:   "the name was set later: what was printed is not what the kernel said",
			try:   "ask the kernel for the hostname after setting it, and print that",
			at:    early.event.At,
		}
	}
	if size, ok := f.partly(f.inside()); ok {
		return notInPart("hostname-not-printed", "hostname that the child had", size)
	}
	if b, ok := f.unrecorded(); ok {
		return b
	}
	if beside != nil {
		return f.wroteBeside(*beside)
	}
	if b, ok := f.oldName(names); ok {
		return b
	}
	if b, ok := f.constantName(); ok {
		return b
	}
	for _, name := range names {
		for _, p := range f.hostname(f.outside(), name) {
			return because{
				cause: "hostname-by-parent",
				saw:   fmt.Sprintf("%s wrote %s; no process of the container did", f.who(p.by), quote(p.line())),
				try:   "print the hostname in the child",
				at:    p.event.At,
			}
		}
	}
	if f.containerWords() == "" {
		return f.saidNothing()
	}
	if b, ok := f.joined(names); ok {
		return b
	}
	if b, ok := f.recased(names); ok {
		return b
	}
	if p, ok := f.printedOld(names); ok {
		return f.notAgain(p, names[0])
	}
	if b, ok := f.failedBefore("hostname-not-printed", "hostname that it had"); ok {
		return b
	}
	b := because{
		cause: "hostname-not-printed",
		saw:   "the child printed " + quote(f.containerWords()) + " and no hostname that it had",
		try:   "ask the kernel for the hostname in the child, and print what it says",
	}
	if at := strings.Index(f.containerWords(), "0x"); at >= 0 && hexDigits(f.containerWords(), at) >= 6 {
		b.why = "what begins with 0x is an address, such as that of a function"
		b.try = "call the function that gives the hostname: it takes parentheses"
	}
	return b
}

// wroteBeside says that a hostname was printed in a UTS namespace that never had it.
func (f *facts) wroteBeside(p printing) because {
	b := because{
		cause: "hostname-not-printed",
		saw:   fmt.Sprintf("%s wrote %s where the hostname was %s", f.who(p.by), quote(p.line()), word(p.event.After.Hostname)),
		try:   "ask the kernel for the hostname where you print it",
		at:    p.event.At,
	}
	if f.utsAt(p) != state(p.by).Namespaces["uts"] {
		b.why = "one of its threads has a UTS namespace of its own, and another wrote that"
		b.try = keepThread
	}
	return b
}

// notAgain says that the container printed its old hostname, in p, and never the
// new one.
func (f *facts) notAgain(p printing, name string) because {
	b := because{
		cause: "hostname-not-printed",
		saw:   fmt.Sprintf("%s printed %s, its old hostname, and not the new one, %s", f.who(p.by), quote(p.line()), word(name)),
		why:   "nothing was printed once it had the new one",
		try:   "ask for the hostname again after setting it, and print that",
	}
	for _, by := range f.inside() {
		for i := range f.wrote[by.ID] {
			t := &f.wrote[by.ID][i]
			end := len(strings.TrimRightFunc(t.data, unicode.IsSpace))
			if e := t.at(end); e != nil && f.had(printing{by: by, event: e}, name) {
				b.saw = fmt.Sprintf("%s printed %s when its hostname was %s", f.who(by), quote(t.line(end)), word(name))
				b.why, b.at = "", e.At
			}
		}
	}
	return b
}

// joined says that a hostname which the writer had was printed, but joined to what
// stands beside it.
func (f *facts) joined(names []string) (because, bool) {
	for _, p := range f.inside() {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			for _, name := range names {
				at := strings.LastIndex(t.data, name)
				if at < 0 || name == "" {
					continue
				}
				end := at + len(name)
				if e := t.at(end); e != nil && f.had(printing{by: p, event: e}, name) {
					return because{
						cause: "hostname-not-printed",
						saw:   fmt.Sprintf("%s wrote %s, where its hostname, %s, is only a part of a longer word", f.who(p), quote(t.line(end)), word(name)),
						try:   "put a space between the hostname and what stands beside it",
						at:    e.At,
					}, true
				}
			}
		}
	}
	return because{}, false
}

// recased says that a hostname of the child's was printed with other capitals.
func (f *facts) recased(names []string) (because, bool) {
	for _, p := range f.inside() {
		said := f.words(p)
		lower := strings.ToLower(said)
		for _, name := range names {
			if ends := findName(lower, strings.ToLower(name), nil); len(ends) > 0 && len(lower) == len(said) {
				return because{
					cause: "hostname-not-printed",
					saw:   fmt.Sprintf("%s wrote %s, and its hostname is %s", f.who(p), quote((&text{data: said}).line(ends[0])), word(name)),
					why:   "with other capital letters it is another name",
					try:   "print the name as the kernel says it",
				}, true
			}
		}
	}
	return because{}, false
}

// oldName says that the old hostname was printed when there was a new one.
func (f *facts) oldName(names []string) (because, bool) {
	for _, old := range f.names {
		if !f.hostNames[old] || slices.Contains(names, old) {
			continue
		}
		for _, p := range f.hostname(f.inside(), old) {
			for _, name := range names {
				if f.had(p, name) {
					return because{
						cause: "old-name-printed",
						saw:   fmt.Sprintf("the child wrote %s when its hostname was %s", quote(p.line()), word(name)),
						why:   "that is the host's name, and no longer the child's",
						try:   "ask for the hostname again after setting it",
						at:    p.event.At,
					}, true
				}
			}
		}
	}
	return because{}, false
}

// printedOld returns where the container printed the name that it had before
// it had the names.
func (f *facts) printedOld(names []string) (printing, bool) {
	for _, old := range f.names {
		if len(names) == 0 || !f.hostNames[old] || slices.Contains(names, old) {
			continue
		}
		for _, p := range f.hostname(f.inside(), old) {
			if f.had(p, old) {
				return p, true
			}
		}
	}
	return printing{}, false
}

func (f *facts) utsAt(p printing) uint64 {
	if p.event.After != nil && p.event.After.Namespaces["uts"] != 0 {
		return p.event.After.Namespaces["uts"]
	}
	return state(p.by).Namespaces["uts"]
}

// nameClaim matches where a line says what the hostname is.
var nameClaim = pattern.Lazy(`(?i)host ?_?name(?: is(?: now)?| now)?["']? *(?:[:=]|is|->) *["']?([a-z0-9][\w.-]*)`)

// constantName says that the container claimed a hostname that no UTS
// namespace ever had.
func (f *facts) constantName() (because, bool) {
	for _, p := range f.inside() {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			for _, m := range nameClaim().FindAllStringSubmatchIndex(t.data, maxNames) {
				claimed := strings.TrimRight(t.data[m[2]:m[3]], ".-")
				if slices.Contains(f.names, claimed) || slices.ContainsFunc(f.names, func(name string) bool { return len(findName(t.line(m[3]), name, nil)) > 0 }) {
					continue
				}
				b := because{
					cause: "constant-printed",
					saw:   fmt.Sprintf("%s wrote %s", f.who(p), quote(t.line(m[3]))),
					why:   fmt.Sprintf("no UTS namespace was ever called %s", word(claimed)),
					try:   "ask the kernel for the hostname, and print what it says",
				}
				if e := t.at(m[3]); e != nil {
					b.at = e.At
				}
				return b, true
			}
		}
	}
	return because{}, false
}

// containerWords is the last line that the container wrote.
func (f *facts) containerWords() string {
	for _, p := range append([]*evidence.Process{f.child}, f.inside()...) {
		if s := f.lastWords(p); s != "" {
			return s
		}
	}
	return ""
}
