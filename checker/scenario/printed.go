package scenario

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// What a process printed
//
// A process printed a word if the word stands in what it wrote to one target,
// all its writes to that target joined in order, and came out: the target is
// standard output or standard error of the submission, or it is a pipe, a
// socket or a terminal from which somebody took it there afterwards: as a copy of
// the line in which it was written, or of the word with some of what stands
// beside it, or worded anew, where a pid must stand in a line that speaks of one.
// A bare number is no copy, for "1 container finished" speaks of no pid; one that
// had a line for itself is, at the edge of a line and between the same lines.
//
// A hostname counts if the writer's UTS namespace had it when the last byte of
// it was written, or before. It must stand as a word of its own, not within a
// longer one of letters, digits, hyphens and dots; if the name has six characters
// or more a letter may follow at once, the writer's pid or an underscore may stand
// on either side: fmt.Print glues strings together.
// A pid must stand as a whole number: not within a longer one, a fraction, a
// date, a time of day, a hostname, a hexadecimal number or what Go tells of a
// panic, nor with a minus sign. It may be filled up with zeros to three digits or
// more. Where the writer's hostname is that number, one place is the name's. The
// terminal's escapes, such as colours, are no part of a word.

// A text is all that one process wrote to one target.
type text struct {
	target evidence.Target
	data   string // without the terminal's escapes
	marks  []mark // one for each write, by growing end
	cuts   map[int]bool
	lost   []mark // writes whose bytes are not all known
	pids   joints // the writer's

	found   map[string][]int // names that were looked for: where
	starts  [2][]int         // where a name may begin; nil: not looked for
	numbers []number         // outside hostnames; nil: not looked for
	crowd   *crowd           // of the numbers; nil: not counted
}

// A mark is one write.
type mark struct {
	end   int // where it ends in the text
	event *evidence.Event
}

// streams tells whether the text went to the submission's own output.
func (t *text) streams() bool { return t.target.Kind == "stdout" || t.target.Kind == "stderr" }

// at returns the write that ends the word that ends there.
func (t *text) at(end int) *evidence.Event {
	i := sort.Search(len(t.marks), func(i int) bool { return t.marks[i].end >= end })
	if i == len(t.marks) {
		return nil
	}
	return t.marks[i].event
}

// line returns the line in which the word stands that ends there.
func (t *text) line(end int) string {
	start := strings.LastIndexByte(t.data[:end], '\n') + 1
	if i := strings.IndexByte(t.data[end:], '\n'); i >= 0 {
		return t.data[start : end+i]
	}
	return t.data[start:]
}

// maxText is how many bytes of what a process wrote are looked at, of the first
// and again of the last.
const maxText = 1 << 20

// texts collects what a process wrote, by target, in the order of first use.
func texts(p *evidence.Process, events []*evidence.Event) []text {
	var found []text
	var raw []*strings.Builder
	total, before := 0, 0
	var pids joints
	for _, pid := range p.PIDs {
		pids = append(pids, strconv.Itoa(pid))
	}
	for _, e := range events {
		if e.Target != nil && readable(e.Target.Kind) {
			total += len(e.Data)
		}
	}
	for _, e := range events {
		if e.Target == nil || e.Errno != "" || !readable(e.Target.Kind) {
			continue
		}
		data := e.Data
		if e.Done != 0 && e.Result >= 0 && e.Result < int64(len(data)) {
			data = data[:e.Result]
		}
		before += len(e.Data)
		middle := before > maxText && total-before > maxText
		if middle {
			data = nil
		}
		key := *e.Target
		if key.Kind == "stdout" || key.Kind == "stderr" {
			key.Name = ""
		}
		i := slices.IndexFunc(found, func(t text) bool { return t.target == key })
		if i < 0 {
			i = len(found)
			found, raw = append(found, text{target: key, pids: pids}), append(raw, &strings.Builder{})
		}
		raw[i].Write(data)
		found[i].marks = append(found[i].marks, mark{raw[i].Len(), e})
		if e.Cut || middle {
			found[i].lost = append(found[i].lost, mark{raw[i].Len(), e})
		}
	}
	for i := range found {
		found[i].strip(raw[i].String())
	}
	return found
}

func readable(kind string) bool {
	return slices.Contains([]string{"stdout", "stderr", "pipe", "socket", "tty"}, kind)
}

// strip sets the text's data without escapes and moves the marks along.
func (t *text) strip(raw string) {
	var clean strings.Builder
	removed, from, next := 0, 0, 0
	t.cuts = map[int]bool{}
	move := func(until int) {
		for ; next < len(t.marks) && t.marks[next].end <= until; next++ {
			t.marks[next].end -= removed
			t.cuts[t.marks[next].end] = true
		}
	}
	for _, span := range escapes().FindAllStringIndex(raw, -1) {
		clean.WriteString(raw[from:span[0]])
		move(span[0])
		// Where a write ended within an escape, it ends before it.
		for ; next < len(t.marks) && t.marks[next].end < span[1]; next++ {
			t.marks[next].end = span[0] - removed
		}
		removed += span[1] - span[0]
		from = span[1]
		t.cuts[span[1]-removed] = true
	}
	clean.WriteString(raw[from:])
	move(len(raw))
	t.data = clean.String()
}

// A printing is one place where a process printed a word.
type printing struct {
	by    *evidence.Process
	text  *text
	event *evidence.Event // the write that completed it
	end   int             // its end in the text
	came  bool            // it came out
	value int             // the number, where it is one
}

func (p printing) line() string { return p.text.line(p.end) }

// hostname returns every place where one of the processes wrote a hostname.
func (f *facts) hostname(by []*evidence.Process, name string) []printing {
	forms := spoken(name)
	came := f.came.cut || slices.ContainsFunc(forms, f.came.has)
	count := func(s string) int {
		n := 0
		for _, form := range forms {
			n += len(findName(s, form, nil))
		}
		return n
	}
	return f.find(by, count, func(p printing) []printing {
		var found []printing
		for _, form := range forms {
			for _, p.end = range p.text.name(form) {
				p.event = p.text.at(p.end)
				if p.came = came || p.event.Done != 0; !p.text.streams() {
					p.came = f.came.relayed(p.text, p.end-len(form), p.end, namedIn(form))
				}
				found = append(found, p)
			}
		}
		return found
	})
}

// number returns every place where one of the processes wrote a number for
// which want holds. Hostnames are no numbers, whatever digits they have.
func (f *facts) number(by []*evidence.Process, want func(int) bool) []printing {
	count := func(s string) int {
		n := 0
		for _, number := range findNumbers(f.withoutNames(s, nil)) {
			if want(number.value) {
				n++
			}
		}
		return n
	}
	return f.find(by, count, func(p printing) []printing {
		var found []printing
		for _, n := range f.numbersIn(p.text) {
			if !want(n.value) {
				continue
			}
			p.end, p.value, p.event = n.end, n.value, p.text.at(n.end)
			if p.came = f.came.cut || f.came.numbers[n.value] || p.event.Done != 0; !p.text.streams() {
				start := n.end
				for start > 0 && isDigit(p.text.data[start-1]) {
					start--
				}
				p.came = f.came.relayed(p.text, start, n.end, f.numbered(n.value))
			}
			found = append(found, p)
		}
		return found
	})
}

// find looks for a word in every text of the processes. Where the bytes of
// some writes are not known (sendfile, splice) it counts how often the word
// came out, and how often all processes are known to have written it; what is
// over was in those writes, if none but these processes made such ones.
func (f *facts) find(by []*evidence.Process, count func(string) int, in func(printing) []printing) []printing {
	var found []printing
	var lost []printing
	for _, p := range by {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			found = append(found, in(printing{by: p, text: t})...)
			if t.streams() {
				for _, m := range t.lost {
					lost = append(lost, printing{by: p, text: t, event: m.event, end: m.end, came: true})
				}
			}
		}
	}
	if len(lost) == 0 {
		return found
	}
	over := count(f.came.out[0]) + count(f.came.out[1])
	unknown := 0
	for _, p := range f.run.Processes {
		for i := range f.wrote[p.ID] {
			if t := &f.wrote[p.ID][i]; t.streams() {
				over -= count(t.data)
				unknown += len(t.lost)
			}
		}
	}
	if over > 0 && unknown == len(lost) {
		found = append(found, lost...)
	}
	return found
}

// name returns where a hostname ends in the text.
func (t *text) name(name string) []int {
	ends, known := t.found[name]
	if !known {
		if t.found == nil {
			t.found = map[string][]int{}
		}
		ends = findNameFrom(t.data, name, t.cuts, t.pids, t.start)
		t.found[name] = ends
	}
	return ends
}

// start returns the first offset, from one on, at which a name may begin to which
// pids may be joined.
func (t *text) start(from int, pids joints) int {
	starts := &t.starts[min(len(pids), 1)]
	if *starts == nil {
		*starts = []int{}
		for i := range len(t.data) {
			if t.cuts[i] || nameStarts(t.data, i, true, pids) {
				*starts = append(*starts, i)
			}
		}
	}
	if i := sort.SearchInts(*starts, from); i < len(*starts) {
		return (*starts)[i]
	}
	return len(t.data)
}

// numbersIn returns the numbers in the text that are no parts of hostnames.
func (f *facts) numbersIn(t *text) []number {
	if t.numbers == nil {
		t.numbers = append([]number{}, findNumbers(withoutTraces(f.withoutNames(t.data, t.name)))...)
	}
	return t.numbers
}

// withoutNames blanks out the hostnames in s that have digits and more; find
// tells where one is, nil: look for it.
func (f *facts) withoutNames(s string, find func(name string) []int) string {
	if find == nil {
		find = func(name string) []int { return findName(s, name, nil) }
	}
	var blanked []byte
	for _, name := range f.names {
		if !strings.ContainsFunc(name, func(r rune) bool { return r < '0' || r > '9' }) || !strings.ContainsAny(name, "0123456789") {
			continue
		}
		for _, form := range spoken(name) {
			for _, end := range find(form) {
				if blanked == nil {
					blanked = []byte(s)
				}
				copy(blanked[end-len(form):end], blank(form))
			}
		}
	}
	if blanked == nil {
		return s
	}
	return string(blanked)
}

// output returns all that one process wrote, target after target.
func (f *facts) output(p *evidence.Process) string {
	var all []string
	for i := range f.wrote[p.ID] {
		all = append(all, f.wrote[p.ID][i].data)
	}
	return strings.Join(all, "\n")
}

// words returns what of it was meant for somebody to read: what went to the
// submission's streams, or to where its descriptors 1 and 2 led. A byte in a
// pipe of the program's own is no word, nor is what is asked by netlink(7).
func (f *facts) words(p *evidence.Process) string {
	var all []string
	outputs := f.outputs(p)
	for i := range f.wrote[p.ID] {
		if t := &f.wrote[p.ID][i]; t.streams() || slices.Contains(outputs, t.target) {
			all = append(all, t.data)
		}
	}
	return strings.Join(all, "\n")
}

// outputs returns where a process's descriptors 1 and 2 led.
func (f *facts) outputs(p *evidence.Process) []evidence.Target {
	for len(p.Execs) == 0 && p.Creator >= 0 {
		p = f.run.Process(p.Creator) // whose descriptors it has
	}
	var found []evidence.Target
	for _, e := range p.Execs {
		found = append(found, e.Stdio[1:]...)
	}
	return found
}

// lastWords returns the last line of a process's words, or that which says why
// Go gave the process up: the last is then one of a stack.
func (f *facts) lastWords(p *evidence.Process) string {
	said := f.words(p)
	if line := panicIn(said); line != "" {
		return line
	}
	return lastLine(said)
}

// had tells whether the writer's UTS namespace had the hostname at that write.
func (f *facts) had(p printing, name string) bool {
	uts := state(p.by).Namespaces["uts"]
	if p.event.After != nil && p.event.After.Namespaces["uts"] != 0 {
		uts = p.event.After.Namespaces["uts"]
	}
	if f.run.Had(uts, name, p.event.Seq) {
		return true
	}
	born := p.by.Born
	return born.Hostname == name && born.Namespaces["uts"] == uts
}
