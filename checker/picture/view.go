package picture

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// What is told of a view.
const (
	maxMounts = 12
	maxWays   = 4
)

// views returns what the programs of a process could reach, by the moment at
// which execve returned.
func views(p *evidence.Process) map[int]*evidence.View {
	m := map[int]*evidence.View{}
	for _, e := range p.Execs {
		if e.View != nil {
			m[e.Seq] = e.View
		}
	}
	return m
}

// sees says what a program that a process has executed could reach.
func (b *builder) sees(p *evidence.Process, v *evidence.View) []Note {
	var notes []Note
	say := func(t Tone, format string, args ...any) {
		notes = append(notes, Note{Text: fmt.Sprintf(format, args...), Tone: t})
	}
	switch {
	case v.Host:
		say(Plain, "its root directory is the host's")
	case v.Image:
		say(Plain, "its root directory is the image's")
	default:
		say(Plain, "its root directory is neither the host's nor the image's")
	}
	own := p.Born.Namespaces["pid"]
	switch {
	case !v.Proc:
		say(Plain, "no proc file system is at its /proc")
	case v.ProcPIDs == 0:
	case v.ProcPIDs == own && own == b.run.Host.Namespaces["pid"]:
		say(Plain, "its /proc shows the processes of the host, where it is itself")
	case v.ProcPIDs == own:
		say(Plain, "its /proc shows the processes of its own PID namespace")
	case v.ProcPIDs == b.run.Host.Namespaces["pid"]:
		say(Warn, "its /proc shows the processes of the host")
	default:
		say(Warn, "its /proc shows the processes of another PID namespace")
	}
	if !v.Host && len(v.Mounts) > 0 {
		say(Plain, "mounted there: %s", b.mounts(v.Mounts))
	}
	for i, w := range v.Outside {
		if i == maxWays {
			say(Warn, "and %d more ways out", len(v.Outside)-i)
			break
		}
		switch {
		case w.PID > 0 && w.Namespace != "":
			say(Warn, "%s leads to the host's %s namespace: %s", w.Path(), w.Namespace, b.short(w.To))
		case w.PID > 0 && w.Group:
			say(Warn, "%s leads to a file of a control group: %s", w.Path(), b.short(w.To))
		case w.PID > 0:
			say(Warn, "%s leads out of its root directory", w.Path())
		case w.FD < 0:
			say(Warn, "its working directory lies outside: %s", b.short(w.To))
		case w.Namespace != "":
			say(Warn, "descriptor %d leads to the host's %s namespace: %s", w.FD, w.Namespace, b.short(w.To))
		case w.Group:
			say(Warn, "descriptor %d is open on a file of a control group: %s", w.FD, b.short(w.To))
		default:
			say(Warn, "descriptor %d is open on a folder outside: %s", w.FD, b.short(w.To))
		}
	}
	return notes
}

// mounts lists mount points with what is mounted there. What came along below a
// folder of the host's is not listed.
func (b *builder) mounts(all []evidence.Mount) string {
	var texts []string
	var hosts []evidence.Mount
	more := 0
	for _, m := range all {
		along := func(h evidence.Mount) bool {
			rest, below := strings.CutPrefix(m.Point, strings.TrimSuffix(h.Point, "/")+"/")
			return below && m.Host == path.Join(h.Host, rest)
		}
		if m.Host != "" && slices.ContainsFunc(hosts, along) {
			continue
		}
		what := m.FSType
		if m.Host != "" {
			what = "the host's " + m.Host
			hosts = append(hosts, m)
		}
		if len(texts) == maxMounts {
			more++
			continue
		}
		texts = append(texts, b.short(fmt.Sprintf("%s (%s)", m.Point, what)))
	}
	if more > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(texts, ", ")
}
