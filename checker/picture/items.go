package picture

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/visible"
)

// An item becomes one row: a call, several writes in a row, the
// end of a process, or (number 0) a note that calls were left out.
type item struct {
	number  int
	seq     int
	events  []*evidence.Event // the same call; more than one only for writes
	exit    *evidence.Exit
	process *evidence.Process
	skipped int
}

// lastSeq is the Seq of an item's last event.
func (it *item) lastSeq() int {
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

func newBuilder(run *evidence.Run, child *evidence.Process, see func(string) string) *builder {
	b := &builder{
		run: run, see: see,
		items: map[int][]*item{}, children: map[int]*evidence.Process{},
		orphans: map[int][]*evidence.Process{}, names: map[int]string{}, below: map[int]int{}, seen: map[uint64]bool{}, views: map[int]map[int]*evidence.View{},
	}
	drawn := map[int]bool{}
	for _, p := range run.Processes {
		if p.Probe || p.ID != 0 && !drawn[p.Creator] {
			continue // no child of the learner's; a tree that is broken is not followed
		}
		drawn[p.ID] = true
		b.views[p.ID] = views(p)
		switch {
		case p.ID == 0:
			b.names[p.ID] = "the first process"
		case child != nil && p.ID == child.ID:
			b.names[p.ID] = "the child"
		default:
			b.names[p.ID] = "process " + strconv.Itoa(len(b.names)+1)
		}
	}
	for _, p := range slices.Backward(run.Processes) {
		if p.ID != 0 && drawn[p.ID] {
			b.below[p.Creator] += 1 + b.below[p.ID]
		}
	}
	b.collect(drawn)
	b.attach(drawn)
	return b
}

// collect sorts the events by process and numbers them in their order.
func (b *builder) collect(drawn map[int]bool) {
	var all []*item
	open := map[int]*item{} // the writes that the next write of a process may join
	for _, e := range b.run.Events {
		if !drawn[e.Process] {
			continue
		}
		if it := open[e.Process]; it != nil && isWrite(e) && sameTarget(it.events[0], e) && e.Errno == "" {
			it.events = append(it.events, e)
			continue
		}
		it := &item{seq: e.Seq, events: []*evidence.Event{e}, process: b.run.Process(e.Process)}
		open[e.Process] = nil
		if isWrite(e) && e.Errno == "" {
			open[e.Process] = it
		}
		all = append(all, it)
	}
	for _, p := range b.run.Processes {
		if drawn[p.ID] && p.Exit != nil {
			all = append(all, &item{seq: p.Exit.Seq, exit: p.Exit, process: p})
		}
	}
	slices.SortStableFunc(all, func(a, b *item) int { return a.seq - b.seq })
	for i, it := range all {
		it.number = i + 1
		b.keep(it, i)
	}
	b.last = len(all)
}

// keep puts an item into its process's list, or counts that it was left out.
func (b *builder) keep(it *item, before int) {
	list := b.items[it.process.ID]
	if it.exit == nil && (len(list) >= maxOwnCalls || before >= maxCalls) {
		if n := len(list); n > 0 && list[n-1].skipped > 0 {
			list[n-1].skipped++
			return
		}
		it = &item{skipped: 1, process: it.process}
	}
	b.items[it.process.ID] = append(list, it)
}

// attach finds out at which call each process is drawn.
func (b *builder) attach(drawn map[int]bool) {
	calls := map[int]bool{}
	for _, list := range b.items {
		for _, it := range list {
			if it.number > 0 && it.lastSeq() >= 0 {
				calls[it.lastSeq()] = true
			}
		}
	}
	for _, p := range b.run.Processes {
		switch {
		case p.ID == 0 || !drawn[p.ID]:
		case p.Call != 0 && calls[p.Call] && b.children[p.Call] == nil:
			b.children[p.Call] = p
		default:
			b.orphans[p.Creator] = append(b.orphans[p.Creator], p)
		}
	}
}

func isWrite(e *evidence.Event) bool { return e.Target != nil && (e.Size > 0 || len(e.Data) > 0) }

func sameTarget(a, b *evidence.Event) bool { return a.Call == b.Call && *a.Target == *b.Target }

// call says what an item shows.
func (b *builder) call(it *item) *Call {
	if it.exit != nil {
		return b.exit(it)
	}
	e := it.events[0]
	c := &Call{Number: it.number, Name: b.short(e.Call), Asked: b.asked(it), At: b.short(e.At)}
	c.Answer, c.Tone = b.answer(e)
	if isWrite(e) {
		c.Written, c.Cut = b.written(it)
	}
	if v := b.views[it.process.ID][e.Done]; v != nil && e.Errno == "" {
		c.Sees = append(b.sees(it.process, v), b.inGroup(it.process, e.Done)...)
		c.Sees = append(c.Sees, b.inNetwork(it.process, e.Done)...)
	}
	return c
}

// asked says what a call asked for.
func (b *builder) asked(it *item) string {
	e := it.events[0]
	switch {
	case isWrite(e):
		text := "to " + b.target(e.Target)
		if n := len(it.events); n > 1 {
			text += fmt.Sprintf(", %d times", n)
		}
		return text
	case e.Call == "clone" || e.Call == "clone3" || e.Call == "unshare" || e.Call == "setns":
		isNew := func(f string) bool { return strings.HasPrefix(f, "CLONE_NEW") }
		if flags := b.flags(e, isNew); len(flags) > 0 {
			return strings.Join(flags, " ")
		}
		return "with no namespace flag"
	case e.Call == "execve" || e.Call == "execveat":
		argv := e.Argv
		if len(argv) > 0 && argv[0] == e.Path {
			argv = argv[1:]
		}
		return b.short(strings.Join(append([]string{e.Path}, argv...), " "))
	case e.Call == "kill" || e.PID != 0:
		return b.short(fmt.Sprintf("pid %d, %s", e.PID, e.Signal))
	}
	var parts []string
	for _, s := range []string{e.Text, e.Source, e.Path} {
		if s != "" {
			parts = append(parts, `"`+b.short(s)+`"`)
		}
	}
	if e.FSType != "" {
		parts = append(parts, "type "+b.short(e.FSType))
	}
	return strings.Join(append(parts, b.flags(e, func(string) bool { return true })...), " ")
}

// flags returns those of a call's flags that are wanted; no call has more than
// maxFlags.
func (b *builder) flags(e *evidence.Event, wanted func(string) bool) []string {
	var flags []string
	for _, f := range e.Flags {
		if wanted(f) && len(flags) < maxFlags {
			flags = append(flags, b.short(f))
		}
	}
	return flags
}

// answer says what the kernel answered, and how to write it.
func (b *builder) answer(e *evidence.Event) (string, Tone) {
	if e.Errno != "" {
		return b.short(e.Errno) + meaning(e.Errno), Bad
	}
	if e.Done == 0 {
		return "did not return", Warn
	}
	switch e.Call {
	case "clone", "clone3", "fork", "vfork":
		made := b.run.Process(e.Child)
		if made == nil || e.Child == 0 {
			return fmt.Sprintf("pid %d", e.Result), Plain
		}
		return fmt.Sprintf("%s, pid %d", b.nameOf(made), e.Result), Plain
	case "sethostname":
		if e.After != nil && e.After.Namespaces["uts"] == b.run.Host.Namespaces["uts"] && e.After.Namespaces["uts"] != 0 {
			return "done, and it is the host's hostname", Bad
		}
		if e.Before != "" {
			return "done, it was " + b.short(e.Before), Plain
		}
	case "unshare":
		if slices.Contains(e.Flags, "CLONE_NEWPID") {
			return "done; for the PID namespace: its next child will be in it", Plain
		}
	}
	if len(e.Host) > 0 {
		return "done, and the host's mounts are not as they were: " + b.short(strings.Join(e.Host, ", ")), Bad
	}
	if isWrite(e) {
		return "", Plain
	}
	return "done", Plain
}

func (b *builder) nameOf(p *evidence.Process) string {
	if n := b.names[p.ID]; n != "" {
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

func (b *builder) target(t *evidence.Target) string {
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
		return b.short(t.Name)
	}
	return b.short(t.Kind)
}

// written returns what was written, line by line, as far as it is drawn.
func (b *builder) written(it *item) (lines []string, cut bool) {
	var data []byte
	if size := int64(0); slices.ContainsFunc(it.events, binary) {
		for _, e := range it.events {
			size += max(e.Size, int64(len(e.Data)))
		}
		return []string{fmt.Sprintf("%d bytes that are no text", size)}, false
	}
	for _, e := range it.events {
		data = append(data, e.Data[:min(len(e.Data), maxBytes-len(data))]...)
		cut = cut || e.Cut || len(data) == maxBytes
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		lines = append(lines, b.see(l))
	}
	return lines, cut
}

// exit says how a process ended.
func (b *builder) exit(it *item) *Call {
	e := it.exit
	c := &Call{Number: it.number, Asked: "exits with " + strconv.Itoa(e.Code)}
	if e.Code != 0 {
		c.Tone = Warn
	}
	if e.Signal != "" {
		c.Asked, c.Tone = "is killed by "+b.short(e.Signal), Bad
	}
	if e.Injected {
		c.Asked += " (made so by the checker)"
	}
	if n := len(e.Unreaped); n > 0 {
		var names []string
		for _, id := range e.Unreaped {
			if p := b.run.Process(id); p != nil && len(names) < 4 {
				names = append(names, b.nameOf(p))
			}
		}
		c.Asked += ", leaves " + spoken(names) + " behind"
		c.Tone = Bad
	}
	return c
}

// ending says how the run as a whole went.
func (b *builder) ending() []Note {
	r := b.run
	var notes []Note
	cut := func(s string) string { return visible.Cut(s, maxText) }
	say := func(t Tone, format string, args ...any) {
		notes = append(notes, Note{Text: b.see(fmt.Sprintf(format, args...)), Tone: t})
	}
	switch {
	case r.End.Broken != "":
		say(Warn, "the recording is not whole: %s", cut(r.End.Broken))
	case r.End.TimedOut:
		say(Bad, "stopped at the time limit, after %.1f s", float64(r.End.Limit)/1e6)
	default:
		say(Faint, "it took %.1f ms", float64(r.Duration)/1e3)
	}
	if len(r.End.Cut) > 0 {
		say(Warn, "there was more than is recorded: %s", cut(strings.Join(r.End.Cut, ", ")))
	}
	if r.End.OutOfMem {
		say(Bad, "the kernel killed a process because the memory limit was reached")
	}
	if r.End.OutOfPIDs {
		say(Bad, "the kernel refused to make a process because the limit of processes was reached")
	}
	if r.End.Hiding != "" {
		say(Bad, "it tried to hide: %s", cut(r.End.Hiding))
	}
	switch {
	case r.Host.After == "" || r.Host.Hostname == "":
	case r.Host.After != r.Host.Hostname:
		say(Bad, "the host's hostname was %s and is now %s", cut(r.Host.Hostname), cut(r.Host.After))
	default:
		say(Faint, "the host's hostname is what it was: %s", cut(r.Host.Hostname))
	}
	if r.Image != nil && len(r.Image.Changed) > 0 {
		say(Bad, "the image was changed: %s", cut(strings.Join(r.Image.Changed, ", ")))
	}
	for i, m := range r.Host.MountsLeft {
		if i == 4 {
			say(Bad, "and %d more mounts", len(r.Host.MountsLeft)-i)
			break
		}
		say(Bad, "left mounted on the host: %s", cut(m))
	}
	return append(append(notes, b.groups()...), b.internet()...)
}
