package scenario

import (
	"fmt"
	"strings"

	"pidone/checker/evidence"
)

// limitFile is the file that limits a kind of thing.
func limitFile(kind string) string { return kind + ".max" }

// limitWords says what a limit lets a group have.
func limitWords(kind string, l limiting) string {
	switch {
	case l.by == nil && kind == "memory":
		return "as much memory as there is"
	case l.by == nil:
		return "as much of the processors as there is"
	case kind == "memory":
		return fmt.Sprintf("%.0f bytes of memory", l.value)
	}
	return fmt.Sprintf("%.4g of a processor (cpu.max %s)", l.value, quote(l.by.Files["cpu.max"]))
}

// slowedDown says that a command which did not come to its end was slowed down by a
// limit of memory, and that there was none that would have killed it.
func (f *facts) slowedDown(b *because) {
	if f.ran() == nil || len(f.run.Groups) == 0 {
		return
	}
	looks, err := f.looks()
	if err != nil {
		return
	}
	for _, g := range chain(looks[0], f.groupOf(looks[0])) {
		high := g.Files["memory.high"]
		if high != "" && high != unlimited && g.Files["memory.max"] == unlimited && f.counted(looks, g.Path, "memory.events", "high") > 0 {
			b.why = fmt.Sprintf("memory.high of its group is %s: who takes more is slowed down, however long it takes, and not killed", quote(high))
			b.try = "write the limit to memory.max"
			return
		}
	}
}

// otherLimit says why the command was not limited as it should be at one of the
// looks, the first at which it was not.
func (f *facts) otherLimit(kind string, looks []*evidence.Groups, look *evidence.Groups, l limiting) because {
	file := limitFile(kind)
	at := f.groupOf(look)
	if look != looks[0] {
		return f.lifted(kind, looks, look, l)
	}
	if !f.oldGroup(at) {
		for _, c := range f.named(file) {
			if c.call.Seq < looks[0].Seq || c.call.Errno != "" || c.group != at && !isAbove(c.group, at) {
				continue
			}
			return because{
				cause: kind + "-late",
				saw:   fmt.Sprintf("when the command started its group let it have %s; the limit came later", limitWords(kind, l)),
				why:   fmt.Sprintf("%s wrote %s to %s after the command had been executed", f.who(f.run.Process(c.call.Process)), quote(c.text), file),
				try:   "set the limit before the child is started, or let the child wait for it",
				at:    c.call.At,
			}
		}
	}
	if f.oldGroup(at) {
		return f.notInGroup(looks, look)
	}
	if l.by != nil && f.oldGroup(l.by.Path) {
		if b, ok := f.hostLimited(looks); ok {
			return b
		}
	}
	if l.by == nil {
		return f.noLimit(kind, at, look)
	}
	return f.wrongLimit(kind, l)
}

// lifted says that a limit, or the command's being in its group, came to an end
// while it ran.
func (f *facts) lifted(kind string, looks []*evidence.Groups, look *evidence.Groups, l limiting) because {
	if f.oldGroup(f.groupOf(look)) {
		return f.notInGroup(looks, look)
	}
	b := because{
		cause: "limit-lifted",
		saw:   fmt.Sprintf("while the command ran its group was given %s", limitWords(kind, l)),
		try:   "leave the limit as it is until the command has ended",
	}
	for _, c := range f.named(limitFile(kind)) {
		if c.call.Seq > looks[0].Seq && c.call.Errno == "" {
			b.at = c.call.At
			b.why = fmt.Sprintf("%s wrote %s to %s when the command was running", f.who(f.run.Process(c.call.Process)), quote(c.text), c.file)
		}
	}
	return b
}

// noLimit says why a group of the command's own has no limit.
func (f *facts) noLimit(kind, group string, look *evidence.Groups) because {
	file := limitFile(kind)
	b := because{
		cause: kind + "-unlimited",
		saw:   fmt.Sprintf("the command's group %s lets it have %s", word(group), limitWords(kind, limiting{})),
		why:   fmt.Sprintf("nothing was written to %s", file),
		try:   fmt.Sprintf("write the limit to %s of the group before the child is started", file),
	}
	if kind == "memory" {
		for _, g := range chain(look, group) {
			if high := g.Files["memory.high"]; high != "" && high != unlimited {
				b.cause = "memory-high"
				b.saw = fmt.Sprintf("memory.max of the command's group %s is \"max\", memory.high is %s", word(group), quote(high))
				b.why = "memory.high slows down who takes more, and kills nobody: cgroups(7)"
				b.try = "write the limit to memory.max"
				for _, c := range f.named("memory.high") {
					b.at = c.call.At
				}
				return b
			}
		}
	}
	if r, ok := f.refusedControl(file); ok {
		return r
	}
	if g := look.Of(group); g != nil {
		if _, has := g.Files[file]; !has {
			b.cause = "controllers-missing"
			b.saw = fmt.Sprintf("the command's group %s has no %s", word(group), file)
			b.why = fmt.Sprintf("the group above does not have %s in its cgroup.subtree_control", kind)
			b.try = fmt.Sprintf("write +%s to cgroup.subtree_control of the group above, or make the group right below %s", kind, groupsAt)
			return b
		}
	}
	for _, c := range f.named(file) {
		switch {
		case c.call.Errno != "":
		case c.group != group && !isAbove(c.group, group):
			b.why = fmt.Sprintf("%s was written to %s of %s, which is another group", quote(c.text), file, word(c.group))
			b.try = "put the command into the group that has the limits, or the limits into the command's group"
			b.at = c.call.At
		case strings.HasPrefix(c.text, unlimited):
			b.why = fmt.Sprintf("the last that was written to %s before it started is %s", file, quote(c.text))
			b.at = c.call.At
			return b
		}
	}
	return b
}

// isAbove tells whether a group is above another one.
func isAbove(above, below string) bool {
	return strings.HasPrefix(below, strings.TrimSuffix(above, "/")+"/")
}

// wrongLimit says that the limit is another one than was asked for.
func (f *facts) wrongLimit(kind string, l limiting) because {
	file := limitFile(kind)
	b := because{
		cause: kind + "-other",
		saw:   fmt.Sprintf("the command's group %s lets it have %s", word(l.by.Path), limitWords(kind, l)),
		try:   "100 MB are 100000000 bytes, or 100M",
	}
	if kind == "cpu" {
		b.try = "cpu.max takes two numbers in µs: how much in each period, and the period"
	}
	for _, c := range f.named(file) {
		if c.group != l.by.Path || c.call.Errno != "" {
			continue
		}
		b.at = c.call.At
		b.why = fmt.Sprintf("%s was written to %s", quote(c.text), file)
		switch {
		case kind == "memory" && l.value < 1<<20:
			b.why += ", which counts bytes"
		case kind == "cpu" && !strings.Contains(c.text, " "):
			_, period, _ := strings.Cut(l.by.Files[file], " ")
			b.why += ", without a period: that stayed " + quote(period)
		}
		break
	}
	return b
}

// cutShort says that a signal ended the command that should have been throttled.
func (f *facts) cutShort(looks []*evidence.Groups) because {
	if !f.ended(f.ran().by) {
		return f.late()
	}
	at := f.groupOf(looks[0])
	if l := limitOf(looks[0], at, "memory"); !l.wanted("memory") && f.counted(looks, counter(looks[0], at, "memory.events"), "memory.events", "oom_kill") > 0 {
		b := f.wrongLimit("memory", l)
		b.saw = "the kernel killed the command for memory before it was done: its group lets it have " + limitWords("memory", l)
		return b
	}
	return because{
		cause: "not-throttled",
		saw:   fmt.Sprintf("the command %s before it was done", exitWords(f.ran().by)),
		try:   "leave the command alone until it has ended: the limit slows it down, and ends nothing",
	}
}

// notKilled says why the command that took too much memory was not killed for it.
func (f *facts) notKilled(kills int64) because {
	if !f.ended(f.ran().by) {
		return f.late()
	}
	b := because{
		cause: "not-killed",
		saw:   fmt.Sprintf("the command %s; memory.events of its group counts %d kills", exitWords(f.ran().by), kills),
		try:   "leave the command alone: when it takes more than its group may have, the kernel kills it",
	}
	if kills > 0 {
		b.saw = fmt.Sprintf("the kernel killed something in the command's group, and the command %s", exitWords(f.ran().by))
	}
	return b
}
