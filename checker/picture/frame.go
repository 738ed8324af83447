package picture

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/visible"
)

// A builder makes the picture of one run.
type builder struct {
	run *evidence.Run
	see func(string) string

	items    map[int][]*item           // of each process, in order
	children map[int]*evidence.Process // by the Seq of the call that made them
	orphans  map[int][]*evidence.Process
	names    map[int]string                 // of processes
	views    map[int]map[int]*evidence.View // of processes, by when a program began
	below    map[int]int                    // how many processes a process led to
	last     int                            // number of a call
	drawn    int                            // processes
	seen     map[uint64]bool
}

// A scope is what is drawn around something.
type scope struct {
	namespaces evidence.Namespaces
	depth      int
}

// in returns the scope inside a frame of these namespaces.
func (s scope) in(is evidence.Namespaces) scope {
	m := evidence.Namespaces{}
	maps.Copy(m, s.namespaces)
	for k, inode := range is {
		if inode != 0 {
			m[k] = inode
		}
	}
	return scope{m, s.depth + 1}
}

// process frames a process; nil: there are too many.
func (b *builder) process(p *evidence.Process, s scope) *Frame {
	if b.drawn == maxProcesses || s.depth > maxNesting {
		return nil
	}
	b.drawn++
	inside := s.in(p.Born.Namespaces)
	f := b.frame(changed(s.namespaces, p.Born.Namespaces), inside.namespaces)
	f.Process = b.head(p)
	f.Rows = b.rows(p, b.items[p.ID], inside)
	return f
}

// frame returns an empty frame that tells of namespaces of these kinds.
func (b *builder) frame(kinds []string, ns evidence.Namespaces) *Frame {
	f := &Frame{}
	var fresh, names []string
	hosts := 0
	for _, kind := range kinds {
		space := Space{Name: kindName(kind), Inode: ns[kind]}
		if slices.Contains(kindOrder(), kind) {
			space.Kind = kind
		}
		switch {
		case ns[kind] == b.run.Host.Namespaces[kind]:
			space.About = "the host's"
			hosts++
		case b.seen[ns[kind]]:
			space.About = "the same as in a box above"
		default:
			space.About, space.Fresh = kindMeans(kind), true
			fresh = append(fresh, space.Name)
		}
		b.seen[ns[kind]] = true
		names = append(names, space.Name)
		f.Spaces = append(f.Spaces, space)
	}
	word := " namespaces"
	if len(kinds) == 1 {
		word = " namespace"
	}
	switch {
	case len(kinds) == 0:
	case len(fresh) == len(kinds):
		f.Title = "new " + spoken(names) + word
	case hosts == len(kinds):
		f.Title = "the host's " + spoken(names) + word
	case len(fresh) == 0:
		f.Title = "other " + spoken(names) + word
	default:
		f.Title = "other namespaces, new: " + strings.Join(fresh, ", ")
	}
	return f
}

// head says who a process is.
func (b *builder) head(p *evidence.Process) Process {
	program := "a copy of what made it"
	if len(p.Execs) > 0 {
		program = strings.Join(p.Execs[0].Argv, " ")
	}
	if p.Hidden {
		program = "made so that it cannot be watched"
	}
	h := Process{Name: b.names[p.ID], Program: b.short(program), PIDs: p.PIDs, Hostname: b.short(p.Born.Hostname)}
	if p.Born.Hostname != "" && p.Last.Hostname != p.Born.Hostname {
		h.Renamed = b.short(p.Last.Hostname)
	}
	return h
}

// short makes a text visible, and bounds it.
func (b *builder) short(s string) string { return b.see(visible.Cut(s, maxText)) }

// rows returns what a process did from the first of items on, with the
// processes that it made. When it moves to other namespaces the rest is in a
// frame of its own.
func (b *builder) rows(p *evidence.Process, items []*item, s scope) []Row {
	var rows []Row
	for i, it := range items {
		if it.skipped > 0 {
			rows = append(rows, count(it.skipped, "more call", "more calls", ""))
			continue
		}
		rows = append(rows, Row{Call: b.call(it)})
		if c := b.children[it.lastSeq()]; c != nil {
			rows = b.made(rows, s, c)
		}
		after := it.moves()
		if kinds := changed(s.namespaces, after); len(kinds) > 0 && s.depth < maxNesting {
			in := s.in(after)
			f := b.frame(kinds, in.namespaces)
			f.Process = Process{Name: b.names[p.ID], Continues: true}
			f.Rows = b.rows(p, items[i+1:], in)
			return append(fold(rows), Row{Frame: f})
		}
	}
	rows = fold(b.made(rows, s, b.orphans[p.ID]...))
	if p.Exit == nil {
		rows = append(rows, Row{Note: &Note{Text: "was still there at the end", Tone: Warn}})
	}
	return rows
}

// made adds processes that the current one has made.
func (b *builder) made(rows []Row, s scope, all ...*evidence.Process) []Row {
	more := 0
	for _, p := range all {
		if f := b.process(p, s); f != nil {
			rows = append(rows, Row{Frame: f})
		} else {
			more += 1 + b.below[p.ID]
		}
	}
	if more > 0 {
		rows = append(rows, count(more, "more process", "more processes", ", not drawn"))
	}
	return rows
}

// count is a row that says how much is left out.
func count(n int, one, many, tail string) Row {
	word := many
	if n == 1 {
		word = one
	}
	return Row{Note: &Note{Text: fmt.Sprintf("%d %s%s", n, word, tail), Tone: Faint, Count: true}}
}

// spoken joins names as a sentence does.
func spoken(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
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
