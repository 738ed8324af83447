package report

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"pidone/checker/evidence"
)

// Trace draws a run for people: the processes, each under the one that made
// it, with what they asked of the kernel and what it answered. A box is drawn
// around what lives in other namespaces than what is around it. child is what
// the scenarios take for the child; it may be nil. Processes of the Go
// runtime's own are left out, and long runs are cut, with a note. It returns an
// error for a recording that no recorder makes.
func Trace(out io.Writer, run *evidence.Run, child *evidence.Process, o Options) error {
	if err := sound(run); err != nil {
		return fmt.Errorf("draw the run: %w", err)
	}
	d := newDrawing(run, child, o)
	b := bufio.NewWriter(out)
	for _, r := range d.all() {
		b.WriteString(strings.TrimRight(r.text, " "))
		b.WriteByte('\n')
	}
	return b.Flush()
}

// sound tells whether a recording keeps what package evidence promises.
func sound(run *evidence.Run) error {
	for i, p := range run.Processes {
		if p == nil || p.ID != i || i > 0 && p.Creator >= i {
			return fmt.Errorf("process %d of the recording makes no sense", i)
		}
	}
	for i, e := range run.Events {
		if e == nil || run.Process(e.Process) == nil {
			return fmt.Errorf("event %d of the recording makes no sense", i)
		}
	}
	return nil
}

// What is drawn of a long run.
const (
	maxProcesses = 24
	maxNesting   = 6   // processes within processes
	maxCalls     = 160 // of all processes
	maxOwnCalls  = 30  // of one
	minBox       = 36  // columns for which a frame is worth its place
)

type drawing struct {
	style
	run   *evidence.Run
	child *evidence.Process
	width int

	events   map[int][]*item           // of each process, in order
	children map[int]*evidence.Process // by the Seq of the call that made them
	orphans  map[int][]*evidence.Process
	names    map[int]string // of processes
	digits   int            // of the largest number before a call
	drawn    int            // processes
	seen     map[uint64]bool
}

// all draws everything.
func (d *drawing) all() []row {
	if d.run.First() == nil {
		rows := []row{d.row(plain, "nothing ran")}
		return append(rows, d.ending()...)
	}
	host := d.run.Host
	for _, inode := range host.Namespaces {
		d.seen[inode] = true
	}
	inner := d.width - 4
	var rows []row
	rows = append(rows, d.lay(block{text: "the sandbox stands in for your machine here", ink: faint}, inner)...)
	for _, kind := range []string{"pid", "uts"} {
		if host.Namespaces[kind] != 0 {
			text := fmt.Sprintf("%d", host.Namespaces[kind])
			if kind == "uts" {
				text += ": hostname " + d.see(host.Hostname)
			}
			caption := block{lead: kindName(kind) + " namespace", hang: nsLabel, text: text, ink: faint, leadInk: faint}
			rows = append(rows, d.lay(narrow(caption, inner), inner)...)
		}
	}
	rows = append(rows, row{})
	rows = append(rows, d.process(d.run.First(), scope{maps.Clone(host.Namespaces), 0}, inner)...)
	out := d.box("the host", plain, rows, d.width)
	out = append(out, d.ending()...)
	return append(out, d.legend()...)
}

// A scope is what is drawn around something.
type scope struct {
	namespaces evidence.Namespaces
	depth      int
}

// process draws a process in a box of its own, if it was born into other
// namespaces than those of the scope.
func (d *drawing) process(p *evidence.Process, s scope, max int) []row {
	d.drawn++
	if d.drawn > maxProcesses || s.depth > maxNesting {
		return nil
	}
	kinds := changed(s.namespaces, p.Born.Namespaces)
	inside := scope{merged(s.namespaces, p.Born.Namespaces), s.depth + 1}
	return d.framed(kinds, inside, max, func(inner int) []row {
		return append(d.heading(p, inner), d.body(p, d.events[p.ID], inside, inner)...)
	})
}

// framed draws something in a box that tells of namespaces of these kinds, or
// without one if there are none or there is no room.
func (d *drawing) framed(kinds []string, s scope, max int, content func(inner int) []row) []row {
	if len(kinds) == 0 {
		return content(max)
	}
	inner, framed := max-4, max >= minBox
	title, captions := d.captions(kinds, s.namespaces, max-6)
	if !framed {
		inner = max
	}
	var rows []row
	for _, c := range captions {
		rows = append(rows, d.lay(narrow(c, inner), inner)...)
	}
	rows = append(rows, row{})
	rows = append(rows, content(inner)...)
	if framed {
		return d.box(title, cyan, rows, max)
	}
	head := d.lay(block{text: title, ink: bold}, max)
	return append(head, rows...)
}

// nsLabel is where the text about a namespace begins.
const nsLabel = 20

// narrow puts what stands before a text into the text, where there is not the
// room to align it.
func narrow(b block, max int) block {
	if max < 52 {
		b.text, b.lead, b.hang = b.lead+" "+b.text, "", 0
	}
	return b
}

// captions names the namespaces of a box, in a title of at most max columns,
// and tells what they are for.
func (d *drawing) captions(kinds []string, ns evidence.Namespaces, max int) (title string, rows []block) {
	var fresh, names []string
	hosts := 0
	for _, kind := range kinds {
		text := fmt.Sprintf("%d: ", ns[kind])
		switch {
		case ns[kind] == d.run.Host.Namespaces[kind]:
			text += "the host's"
			hosts++
		case d.seen[ns[kind]]:
			text += "the same as in a box above"
		default:
			fresh = append(fresh, kindName(kind))
			text += kindMeans(kind)
		}
		d.seen[ns[kind]] = true
		names = append(names, kindName(kind))
		rows = append(rows, block{lead: kindName(kind) + " namespace", hang: nsLabel, text: text, leadInk: faint, ink: faint})
	}
	switch {
	case len(fresh) == len(kinds):
		title = "new " + spoken(names) + plainOrMany(len(names), " namespace")
	case hosts == len(kinds):
		title = "the host's " + spoken(names) + plainOrMany(len(names), " namespace")
	case len(fresh) == 0:
		title = "other " + spoken(names) + plainOrMany(len(names), " namespace")
	default:
		title = "other namespaces, new: " + strings.Join(fresh, ", ")
	}
	if width(title) > max {
		title = itoa(len(kinds)) + " other namespaces"
	}
	return title, rows
}

func plainOrMany(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// spoken joins names as a sentence does.
func spoken(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// heading says who a process is.
func (d *drawing) heading(p *evidence.Process, max int) []row {
	program := "a copy of what made it"
	if len(p.Execs) > 0 {
		program = strings.Join(p.Execs[0].Argv, " ")
	}
	if p.Hidden {
		program = "made so that it cannot be watched"
	}
	rows := d.lay(block{lead: d.glyph.into, hang: 2, text: d.names[p.ID] + ": " + d.see(cutWords(program)), ink: bold}, max)
	if who := d.pids(p); who != "" {
		rows = append(rows, d.lay(block{hang: 2, text: who}, max)...)
	}
	if p.Born.Hostname != "" {
		text := "hostname " + d.see(p.Born.Hostname)
		if p.Last.Hostname != "" && p.Last.Hostname != p.Born.Hostname {
			text += ", at the end " + d.see(p.Last.Hostname)
		}
		rows = append(rows, d.lay(block{hang: 2, text: text}, max)...)
	}
	return rows
}

// cutWords bounds a text, which is still to be made visible.
func cutWords(s string) string {
	const max = 200
	if len(s) <= max {
		return s
	}
	end := max
	for end > max-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}

// pids tells a process's pid from inside and from outside.
func (d *drawing) pids(p *evidence.Process) string {
	n := len(p.PIDs)
	switch {
	case n == 0:
		return ""
	case n == 1:
		return fmt.Sprintf("pid %d, for itself as on the host", p.PIDs[0])
	}
	text := fmt.Sprintf("pid %d for itself, ", p.PIDs[n-1])
	if n > 2 {
		text += "further out "
	}
	for i := n - 2; i > 0; i-- {
		text += fmt.Sprintf("%d, ", p.PIDs[i])
	}
	return text + fmt.Sprintf("%d on the host", p.PIDs[0])
}

// body draws what a process did from the first of items on, with the
// processes that it made. When it moves to other namespaces the rest is drawn
// in a box of its own.
func (d *drawing) body(p *evidence.Process, items []*item, s scope, max int) []row {
	var rows []row
	for i, it := range items {
		if it.number == 0 && it.skipped > 0 {
			rows = append(rows, d.lay(block{hang: d.digits + 3, text: d.glyph.dots + " " + plural(it.skipped, "more call", "more calls"), ink: faint}, max)...)
			continue
		}
		rows = append(rows, d.call(it, max)...)
		if c := d.children[it.last()]; c != nil {
			rows = append(rows, d.made(c, s, max)...)
		}
		if after := it.moves(); after != nil {
			if kinds := changed(s.namespaces, after); len(kinds) > 0 && s.depth < maxNesting {
				in := scope{merged(s.namespaces, after), s.depth + 1}
				rest := d.framed(kinds, in, max-2, func(inner int) []row {
					head := d.lay(block{lead: d.glyph.into, hang: 2, text: d.names[p.ID] + ", from here on", ink: bold}, inner)
					return append(head, d.body(p, items[i+1:], in, inner)...)
				})
				return append(rows, indented(rest, 2)...)
			}
		}
	}
	for _, c := range d.orphans[p.ID] {
		rows = append(rows, d.made(c, s, max)...)
	}
	if p.Exit == nil {
		rows = append(rows, d.lay(block{hang: d.digits + 2, text: "was still there at the end", ink: yellow}, max)...)
	}
	return rows
}

// made draws a process that the current one has made.
func (d *drawing) made(p *evidence.Process, s scope, max int) []row {
	rows := d.process(p, s, max-2)
	if rows == nil {
		n := 1 + d.below(p)
		return d.lay(block{hang: d.digits + 3, text: d.glyph.dots + " " + plural(n, "more process", "more processes") + ", not drawn", ink: faint}, max)
	}
	return indented(rows, 2)
}

// below counts the processes that a process led to.
func (d *drawing) below(p *evidence.Process) int {
	n := 0
	for _, q := range d.run.Processes {
		if !q.Probe && d.run.Made(p.ID, q.ID) {
			n++
		}
	}
	return n
}

// changed returns the kinds of namespaces that differ, in the order in which
// people list them.
func changed(was, is evidence.Namespaces) []string {
	var kinds []string
	for _, k := range slices.Concat(kindOrder(), slices.Sorted(maps.Keys(is))) {
		if is[k] != 0 && was[k] != 0 && is[k] != was[k] && !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return kinds
}

func merged(was, is evidence.Namespaces) evidence.Namespaces {
	m := maps.Clone(was)
	if m == nil {
		m = evidence.Namespaces{}
	}
	for k, inode := range is {
		if inode != 0 {
			m[k] = inode
		}
	}
	return m
}

func kindOrder() []string {
	return []string{"pid", "uts", "mnt", "net", "ipc", "user", "cgroup", "time"}
}

func kindName(kind string) string {
	switch kind {
	case "pid", "uts", "ipc":
		return strings.ToUpper(kind)
	case "mnt":
		return "mount"
	case "net":
		return "network"
	case "user", "cgroup", "time":
		return kind
	}
	return "another"
}

func kindMeans(kind string) string {
	switch kind {
	case "pid":
		return "counts from 1, sees no process outside"
	case "uts":
		return "a hostname of its own, at first a copy"
	case "mnt":
		return "mounts made in it stay in it"
	case "net":
		return "network interfaces and ports of its own"
	case "ipc":
		return "shared memory and queues of its own"
	case "user":
		return "user ids and rights of its own"
	case "cgroup":
		return "its own view of the resource limits"
	case "time":
		return "clocks of its own"
	}
	return "new"
}
