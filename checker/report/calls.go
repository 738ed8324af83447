package report

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// An item is what is drawn on one line: a call, several writes in a row, the
// end of a process, or (number 0) a note that calls were left out.
type item struct {
	number  int
	seq     int
	events  []*evidence.Event // the same call; more than one only for writes
	exit    *evidence.Exit
	process *evidence.Process
	skipped int
}

// last is the Seq of an item's last event.
func (it *item) last() int {
	if len(it.events) == 0 {
		return -1
	}
	return it.events[len(it.events)-1].Seq
}

// moves returns the namespaces that its process is in afterwards, if the call
// is one that moves a process.
func (it *item) moves() evidence.Namespaces {
	if len(it.events) != 1 {
		return nil
	}
	e := it.events[0]
	if e.Errno != "" || e.After == nil || e.Call != "unshare" && e.Call != "setns" {
		return nil
	}
	return e.After.Namespaces
}

func newDrawing(run *evidence.Run, child *evidence.Process, o Options) *drawing {
	d := &drawing{
		style: newStyle(o), run: run, child: child, width: o.width(),
		events: map[int][]*item{}, children: map[int]*evidence.Process{},
		orphans: map[int][]*evidence.Process{}, names: map[int]string{}, seen: map[uint64]bool{},
	}
	drawn := map[int]bool{}
	for _, p := range run.Processes {
		if p.Probe || p.ID != 0 && !drawn[p.Creator] {
			continue // no child of the learner's; a tree that is broken is not followed
		}
		drawn[p.ID] = true
		switch {
		case p.ID == 0:
			d.names[p.ID] = "the first process"
		case child != nil && p.ID == child.ID:
			d.names[p.ID] = "the child"
		default:
			d.names[p.ID] = "process " + itoa(len(d.names)+1)
		}
	}
	d.collect(drawn)
	d.attach(drawn)
	return d
}

// collect sorts the events by process and numbers them in their order.
func (d *drawing) collect(drawn map[int]bool) {
	var all []*item
	open := map[int]*item{} // the writes that the next write of a process may join
	for _, e := range d.run.Events {
		if !drawn[e.Process] {
			continue
		}
		if it := open[e.Process]; it != nil && isWrite(e) && sameTarget(it.events[0], e) && e.Errno == "" {
			it.events = append(it.events, e)
			continue
		}
		it := &item{seq: e.Seq, events: []*evidence.Event{e}, process: d.run.Process(e.Process)}
		open[e.Process] = nil
		if isWrite(e) && e.Errno == "" {
			open[e.Process] = it
		}
		all = append(all, it)
	}
	for _, p := range d.run.Processes {
		if drawn[p.ID] && p.Exit != nil {
			all = append(all, &item{seq: p.Exit.Seq, exit: p.Exit, process: p})
		}
	}
	slices.SortStableFunc(all, func(a, b *item) int { return a.seq - b.seq })
	for i, it := range all {
		it.number = i + 1
		d.keep(it, i)
	}
	d.digits = len(itoa(max(len(all), 1)))
}

// keep puts an item into its process's list, or counts that it was left out.
func (d *drawing) keep(it *item, before int) {
	list := d.events[it.process.ID]
	if it.exit == nil && (len(list) >= maxOwnCalls || before >= maxCalls) {
		if n := len(list); n > 0 && list[n-1].skipped > 0 {
			list[n-1].skipped++
			return
		}
		it = &item{skipped: 1, process: it.process}
	}
	d.events[it.process.ID] = append(list, it)
}

// attach finds out at which call each process is drawn.
func (d *drawing) attach(drawn map[int]bool) {
	calls := map[int]bool{}
	for _, list := range d.events {
		for _, it := range list {
			if it.number > 0 && it.last() >= 0 {
				calls[it.last()] = true
			}
		}
	}
	for _, p := range d.run.Processes {
		switch {
		case p.ID == 0 || !drawn[p.ID]:
		case p.Call != 0 && calls[p.Call] && d.children[p.Call] == nil:
			d.children[p.Call] = p
		default:
			d.orphans[p.Creator] = append(d.orphans[p.Creator], p)
		}
	}
}

func isWrite(e *evidence.Event) bool { return e.Target != nil && (e.Size > 0 || len(e.Data) > 0) }

func sameTarget(a, b *evidence.Event) bool { return a.Call == b.Call && *a.Target == *b.Target }

// call draws an item.
func (d *drawing) call(it *item, max int) []row {
	lead := fmt.Sprintf("%*d  ", d.digits, it.number)
	if it.exit != nil {
		return d.exit(it, lead, max)
	}
	e := it.events[0]
	name := d.see(e.Call)
	hang := width(lead) + 13
	if max < 60 {
		hang = width(lead)
	}
	at := ""
	if e.At != "" {
		at = d.see(e.At)
	}
	b := block{lead: lead + name, hang: hang, right: at, rightInk: faint, text: d.asked(it)}
	if width(b.lead) >= hang {
		b.text = name + " " + b.text
		b.lead = lead
	}
	if answer, color := d.answer(e); answer != "" {
		b.text += " " + d.glyph.arrow + " " + answer
		if color != plain {
			b.ink = color
		}
	}
	rows := d.lay(b, max)
	if isWrite(e) {
		rows = append(rows, d.written(it, hang, max)...)
	}
	return rows
}

// asked says what a call asked for.
func (d *drawing) asked(it *item) string {
	e := it.events[0]
	quoted := func(s string) string { return `"` + d.see(cutWords(s)) + `"` }
	switch {
	case isWrite(e):
		text := "to " + d.target(e.Target)
		if n := len(it.events); n > 1 {
			text += fmt.Sprintf(", %d times", n)
		}
		return text
	case e.Call == "clone" || e.Call == "clone3" || e.Call == "unshare" || e.Call == "setns":
		var flags []string
		for _, f := range e.Flags {
			if strings.HasPrefix(f, "CLONE_NEW") {
				flags = append(flags, d.see(f))
			}
		}
		if len(flags) == 0 {
			return "with no namespace flag"
		}
		return strings.Join(flags, " ")
	case e.Call == "execve" || e.Call == "execveat":
		argv := e.Argv
		if len(argv) > 0 && argv[0] == e.Path {
			argv = argv[1:]
		}
		return d.see(cutWords(strings.Join(append([]string{e.Path}, argv...), " ")))
	case e.Call == "kill":
		return d.see(fmt.Sprintf("pid %d, %s", e.PID, e.Signal))
	}
	var parts []string
	for _, s := range []string{e.Text, e.Source, e.Path} {
		if s != "" {
			parts = append(parts, quoted(s))
		}
	}
	if e.FSType != "" {
		parts = append(parts, "type "+d.see(cutWords(e.FSType)))
	}
	for _, f := range e.Flags {
		parts = append(parts, d.see(cutWords(f)))
	}
	return strings.Join(parts, " ")
}

// answer says what the kernel answered, and how to write it.
func (d *drawing) answer(e *evidence.Event) (string, ink) {
	if e.Errno != "" {
		return d.see(cutWords(e.Errno)) + meaning(e.Errno), red
	}
	if e.Done == 0 {
		return "did not return", yellow
	}
	switch e.Call {
	case "clone", "clone3", "fork", "vfork":
		made := d.run.Process(e.Child)
		if made == nil || e.Child == 0 {
			return fmt.Sprintf("pid %d", e.Result), plain
		}
		return fmt.Sprintf("%s, pid %d", d.nameOf(made), e.Result), plain
	case "sethostname":
		if e.After != nil && e.After.Namespaces["uts"] == d.run.Host.Namespaces["uts"] && e.After.Namespaces["uts"] != 0 {
			return "done, and it is the host's hostname", red
		}
		if e.Before != "" {
			return "done, it was " + d.see(e.Before), plain
		}
	case "unshare":
		if slices.Contains(e.Flags, "CLONE_NEWPID") {
			return "done; for the PID namespace: its next child will be in it", plain
		}
	}
	if isWrite(e) {
		return "", plain
	}
	return "done", plain
}

func (d *drawing) nameOf(p *evidence.Process) string {
	if n := d.names[p.ID]; n != "" {
		return n
	}
	return "a process"
}

// meaning says an errno in words.
func meaning(name string) string {
	for n := unix.Errno(1); n < 134; n++ {
		if unix.ErrnoName(n) == name {
			return " (" + n.Error() + ")"
		}
	}
	return ""
}

func (d *drawing) target(t *evidence.Target) string {
	switch t.Kind {
	case "stdout":
		return "standard output"
	case "stderr":
		return "standard error"
	case "pipe", "socket":
		return "a " + t.Kind
	case "tty":
		return "a terminal"
	}
	if t.Name != "" {
		return d.see(cutWords(t.Name))
	}
	return d.see(t.Kind)
}

// Of what was written at once.
const (
	maxWritten = 4 // rows
	maxBytes   = 4096
)

// written draws what was written, line by line.
func (d *drawing) written(it *item, hang, max int) []row {
	var data []byte
	cut := false
	for _, e := range it.events {
		data = append(data, e.Data[:min(len(e.Data), maxBytes-len(data))]...)
		cut = cut || e.Cut || len(data) == maxBytes
	}
	var rows []row
	for l := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		for _, part := range chop(d.see(l), max-hang-2) {
			if len(rows) == maxWritten {
				cut = true
				break
			}
			rows = append(rows, row{pad(hang) + d.paint(faint, d.glyph.bar) + " " + d.paint(green, part), hang + 2 + width(part)})
		}
	}
	if cut {
		rows = append(rows, row{pad(hang) + d.paint(faint, "(cut)"), hang + 5})
	}
	return rows
}

// exit draws the end of a process.
func (d *drawing) exit(it *item, lead string, max int) []row {
	e := it.exit
	text, color := "exits with "+itoa(e.Code), plain
	if e.Code != 0 {
		color = yellow
	}
	if e.Signal != "" {
		text, color = "is killed by "+d.see(e.Signal), red
	}
	if e.Injected {
		text += " (made so by the checker)"
	}
	if n := len(e.Unreaped); n > 0 {
		var names []string
		for _, id := range e.Unreaped {
			if p := d.run.Process(id); p != nil && len(names) < 4 {
				names = append(names, d.nameOf(p))
			}
		}
		text += ", leaves " + spoken(names) + " behind"
		color = red
	}
	return d.lay(block{lead: lead, hang: width(lead), text: text, ink: color}, max)
}

// ending says how the run as a whole went.
func (d *drawing) ending() []row {
	r := d.run
	var rows []row
	say := func(i ink, format string, args ...any) {
		rows = append(rows, d.lay(block{text: d.see(fmt.Sprintf(format, args...)), ink: i}, d.width)...)
	}
	switch {
	case r.End.Broken != "":
		say(yellow, "the recording is not whole: %s", cutWords(r.End.Broken))
	case r.End.TimedOut:
		say(red, "stopped at the time limit, after %.1f s", float64(r.End.Limit)/1e6)
	default:
		say(faint, "it took %.1f ms", float64(r.Duration)/1e3)
	}
	if r.End.OutOfMem {
		say(red, "the kernel killed a process because the memory limit was reached")
	}
	if r.End.OutOfPIDs {
		say(red, "the kernel refused to make a process because the limit of processes was reached")
	}
	if r.End.Hiding != "" {
		say(red, "it tried to hide: %s", cutWords(r.End.Hiding))
	}
	switch {
	case r.Host.After == "" || r.Host.Hostname == "":
	case r.Host.After != r.Host.Hostname:
		say(red, "the host's hostname was %s and is now %s", r.Host.Hostname, r.Host.After)
	default:
		say(faint, "the host's hostname is what it was: %s", r.Host.Hostname)
	}
	for i, m := range r.Host.MountsLeft {
		if i == 4 {
			say(red, "and %d more mounts", len(r.Host.MountsLeft)-i)
			break
		}
		say(red, "left mounted on the host: %s", cutWords(m))
	}
	return rows
}

func (d *drawing) legend() []row {
	if len(d.run.Events) == 0 {
		return nil
	}
	text := "How to read it: what stands in a box lives in namespaces of its own, which the box names; " +
		"everything else it shares with what is around the box. Numbers on the left give the order of the calls, " +
		d.glyph.arrow + " the kernel's answer, and on the right stands the line of the program that asked."
	return append([]row{{}}, d.lay(block{text: text, ink: faint}, d.width)...)
}
