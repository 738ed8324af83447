package scenario

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pidone/checker/evidence"
	"pidone/checker/pattern"
)

// pids returns the pids of the container's processes as they see them.
func (f *facts) pids(by []*evidence.Process) map[int]bool {
	pids := map[int]bool{}
	for _, p := range by {
		if pid := p.PIDSelf(); pid > 0 {
			pids[pid] = true
		}
	}
	return pids
}

// pidNotPrinted says why no process of the container printed a pid of it.
func (f *facts) pidNotPrinted() because {
	if b, ok := f.silent(); ok {
		return b
	}
	own := f.pids(f.inside())
	for _, p := range f.number(f.inside(), func(n int) bool { return own[n] }) {
		if f.guesses(p) {
			return f.guessed(p, "pid-not-printed")
		}
		if p.came {
			return because{
				cause: "pid-not-printed",
				saw:   fmt.Sprintf("%s wrote %s, where %d is its hostname, and no pid besides", f.who(p.by), quote(p.line()), p.value),
				try:   "have the child print its pid, too",
				at:    p.event.At,
			}
		}
		if !isText(p.text.data, none) {
			continue // a message from one program to another, such as ip's to the kernel
		}
		return outputLost(p) // else the check had passed
	}
	if size, ok := f.partly(f.inside()); ok {
		return notInPart("pid-not-printed", "pid of the child's own", size)
	}
	if b, ok := f.unrecorded(); ok {
		return b
	}
	outer := f.outerPIDs()
	if b, ok := f.anothersPID(outer); ok {
		return b
	}
	for _, p := range f.inside() {
		if b, ok := misspelt(f.words(p), p.PIDSelf()); ok {
			return b.with("%s wrote %s", f.who(p), b.saw)
		}
	}
	if b, ok := f.constantPID(own); ok {
		return b
	}
	for _, p := range f.number(f.outside(), func(n int) bool { return own[n] || outer[n] }) {
		// A small number may stand there for anything else.
		if !outer[p.value] && p.value < 1000 && pidIn(p.line()) != strconv.Itoa(p.value) {
			continue
		}
		return because{
			cause: "pid-by-parent",
			saw:   fmt.Sprintf("%s wrote %s; no process of the container did", f.who(p.by), quote(p.line())),
			try:   "print the pid in the child, as the child sees it",
			at:    p.event.At,
		}
	}
	if f.containerWords() == "" {
		return f.saidNothing()
	}
	if b, ok := f.failedBefore("pid-not-printed", "pid of its own"); ok {
		return b
	}
	return because{
		cause: "pid-not-printed",
		saw:   "the child printed " + quote(f.containerWords()) + " and no pid of its own",
		try:   "have the child ask for its own pid and print it",
	}
}

// outerPIDs are the pids by which the container's processes are known outside of it.
func (f *facts) outerPIDs() map[int]bool {
	outer := map[int]bool{}
	for _, p := range f.inside() {
		for _, pid := range p.PIDs[:max(len(p.PIDs)-1, 0)] {
			outer[pid] = true
		}
	}
	return outer
}

// anothersPID says that the container printed one of those pids, or that of a process
// outside of it.
func (f *facts) anothersPID(outer map[int]bool) (because, bool) {
	wrote := func(p printing, cause, whose, try string) (because, bool) {
		return because{
			cause: cause,
			saw:   fmt.Sprintf("%s wrote %s", f.who(p.by), quote(p.line())),
			why:   fmt.Sprintf("that is the pid %s; it itself is pid %d", whose, p.by.PIDSelf()),
			try:   try,
			at:    p.event.At,
		}, true
	}
	for _, p := range f.number(f.inside(), func(n int) bool { return outer[n] }) {
		return wrote(p, "pid-outside-view", "by which the host knows it", "have the child ask for its own pid")
	}
	parents := f.pids(f.outside())
	for _, p := range f.number(f.inside(), func(n int) bool { return parents[n] }) {
		whose := "of a process outside of the container"
		if maker := f.run.Process(p.by.Creator); maker != nil && maker.PIDSelf() == p.value {
			whose = "of the process that made it"
		}
		return wrote(p, "pid-of-parent", whose, "have the child ask for its own pid, not for its parent's")
	}
	return because{}, false
}

// pidClaim matches where a line says what the pid is.
var pidClaim = pattern.Lazy(`(?i)\bpid["']?[^0-9a-z\n]*(?:is|now)?[^0-9a-z\n]*([0-9]+)`)

// maxPID is more than any pid: PID_MAX_LIMIT.
const maxPID = 1 << 22

// pidIn returns the number that a line claims to be a pid, or nothing.
func pidIn(line string) string {
	if m := pidClaim().FindStringSubmatch(line); m != nil {
		return m[1]
	}
	return ""
}

// claim returns the first line that says what a pid is, and that; "" if there is none.
func claim(said string) (line string, pid int) {
	m := pidClaim().FindStringSubmatchIndex(said)
	if m == nil || hexDigits(said, m[2]) > 0 {
		return "", 0
	}
	pid, err := strconv.Atoi(said[m[2]:m[3]])
	if err != nil {
		return "", 0
	}
	return (&text{data: said}).line(m[3]), pid
}

// constantPID says that the container claimed a pid that none of it has.
func (f *facts) constantPID(own map[int]bool) (because, bool) {
	for _, p := range f.inside() {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			for _, m := range pidClaim().FindAllStringSubmatchIndex(t.data, maxNames) {
				claimed, err := strconv.Atoi(t.data[m[2]:m[3]])
				if err != nil || own[claimed] {
					continue
				}
				b := because{
					cause: "constant-pid",
					saw:   fmt.Sprintf("%s wrote %s", f.who(p), quote(t.line(m[3]))),
					why:   fmt.Sprintf("it is pid %d; no process of the container is pid %d", p.PIDSelf(), claimed),
					try:   "have the child ask for its own pid, and print what it gets",
				}
				if digits := hexDigits(t.data, m[2]); digits > 0 {
					hex := t.data[m[2] : m[2]+2+digits]
					b.why = fmt.Sprintf("it is pid %d; no process of the container is pid %s", p.PIDSelf(), hex)
				} else if claimed == 0 && p.PIDSelf() == 1 {
					b.cause = "pid-of-parent"
					b.why = "it is pid 1; 0 is what it gets for its parent's, which is outside its PID namespace"
					b.try = "have the child ask for its own pid, not for its parent's"
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

// misspelt says in what other form than that of its decimal digits a text has a pid;
// saw is the line.
func misspelt(said string, pid int) (because, bool) {
	b := because{cause: "pid-not-printed"}
	for _, m := range hexClaim().FindAllStringSubmatchIndex(said, maxNames) {
		n, err := strconv.ParseInt(said[m[2]:m[3]], 16, 64)
		b.saw = quote((&text{data: said}).line(m[3]))
		switch {
		case err == nil && int(n) == pid:
			b.why = fmt.Sprintf("that is its pid, %d, in hexadecimal", pid)
			b.try = "print the pid as a decimal number, with %d"
			return b, true
		case n >= maxPID && strings.HasSuffix(said[:m[2]], "0x"):
			b.why = fmt.Sprintf("0x%s is no pid but an address, such as that of a function", said[m[2]:m[3]])
			b.try = "call the function that gives the pid: it takes parentheses"
			return b, true
		}
	}
	r := rune(pid)
	if at := strings.IndexRune(said, r); (pid >= utf8.RuneSelf || pid < '\t') && utf8.ValidRune(r) && at >= 0 && isText(said, r) {
		b.saw = quote((&text{data: said}).line(at))
		b.why = fmt.Sprintf("%q is the character number %d: string(%[2]d) is that, and not its digits", r, pid)
		b.try = "make digits of the number: %d, or strconv.Itoa"
		return b, true
	}
	return b, false
}

// inCode is an Undecided, or nil: that the container wrote something that is no text to
// a target whose reader may have taken one of its pids from there. That pid came out
// afterwards, in a line that speaks of one.
func (f *facts) inCode() error {
	own := f.pids(f.inside())
	for _, p := range f.inside() {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			if t.streams() || len(t.marks) == 0 || isText(t.data, none) {
				continue
			}
			for _, q := range f.number(f.outside(), func(n int) bool { return own[n] && coded(t.data, n) }) {
				if q.came && q.event.Seq > t.marks[0].event.Seq && pidLine().MatchString(q.line()) {
					return &Undecided{
						fmt.Sprintf("the child wrote to a %s what is no text: whether the pid that came out was in there cannot be told", t.target.Kind),
						"have the child write its pid in decimal digits, then check again",
					}
				}
			}
		}
	}
	return nil
}

// coded tells whether a number may be in binary data: its bytes without the zeros, the
// first or the last of them first, or in sevens of bits as protobuf has them; all that
// of its double, too, which gob and protobuf have for a number that may be negative.
func coded(data string, n int) bool {
	for _, n := range []uint64{uint64(n), uint64(n) << 1} {
		var big []byte
		for rest := n; rest > 0; rest >>= 8 {
			big = append(big, byte(rest))
		}
		little := slices.Clone(big)
		slices.Reverse(big)
		for _, form := range [][]byte{big, little, binary.AppendUvarint(nil, n)} {
			if strings.Contains(data, string(form)) {
				return true
			}
		}
	}
	return false
}

// none is no character.
const none = -1

// isText tells whether there is no character in it that no text has, that one aside:
// a gob is none, and its bytes are no characters.
func isText(said string, aside rune) bool {
	return !strings.ContainsFunc(said, func(r rune) bool {
		return r != aside && (r == utf8.RuneError || unicode.IsControl(r) && !strings.ContainsRune("\t\n\r\b\a", r))
	})
}

// hexClaim is pidClaim for a number that may be hexadecimal.
var hexClaim = pattern.Lazy(`(?i)\bpid["']?[^0-9a-z\n]*(?:is|now)?[^0-9a-z\n]*(?:0x)?([0-9a-f]+)\b`)
