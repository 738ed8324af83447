package scenario

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// notInGroup says why the command was not in a group of its own at one of the looks.
func (f *facts) notInGroup(looks []*evidence.Groups, look *evidence.Groups) because {
	at := f.groupOf(look)
	b := because{
		cause: "not-in-group",
		saw:   fmt.Sprintf("the command was in the group %s, which the host had before", word(at)),
		try:   "write the child's pid to cgroup.procs of the new group before the command is executed; the child itself can do it",
	}
	if look != looks[0] {
		b.saw = fmt.Sprintf("the command was in the group %s, and then in %s, which the host had before", word(f.groupOf(looks[0])), word(at))
		b.try = "leave the command in its group until it has ended"
		b.at = f.moveAfter(looks[0].Seq, at)
		return b
	}
	if late, ok := f.joinedLate(looks); ok {
		return late
	}
	if parent, ok := f.parentInstead(looks); ok {
		return parent
	}
	if r, ok := f.refusedControl(members()...); ok {
		return r
	}
	if v1, ok := f.version1Used(); ok {
		return v1
	}
	if made := f.madeGroups(); len(made) == 0 {
		b.cause = "no-group"
		b.saw = "no control group was made"
		b.try = "make a folder below " + groupsAt + " before the child is started"
		if r, ok := f.refusedGroup(); ok {
			return r
		}
		f.madeInImage(&b)
	} else if joins := f.named(members()...); len(joins) == 0 {
		b.why = fmt.Sprintf("%s was made, and nothing was written to its cgroup.procs", word(made[0]))
	} else {
		c := joins[0]
		p := f.run.Process(c.call.Process)
		b.at = c.call.At
		b.why = fmt.Sprintf("%s wrote %s to cgroup.procs of %s", f.who(p), quote(c.text), word(c.group))
		switch {
		case c.call.Seq > looks[0].Seq:
			b.why += " when the command was running already, in a process of its own"
			b.try = "go into the group first, and start the command then: what a process has started before stays where it is"
		case f.oldGroup(c.group):
			b.why += ", and so out of the new one"
			b.try = "leave the command in its group until it has ended"
		case !f.itself(c) && f.child != nil && c.text == strconv.Itoa(f.child.PIDSelf()):
			b.why += ": so the child knows itself, but where it was written that is another process"
			b.try = "write the pid by which the parent knows the child, or 0 in the child itself"
		}
	}
	return b
}

// notBornInGroup says why the kernel would not create a child in a group, where that
// is about the group: clone(2).
func (f *facts) notBornInGroup(e *evidence.Event, b *because) {
	switch e.Errno {
	case "EBADF":
		b.why = "it should be born in a group (CLONE_INTO_CGROUP), and the descriptor that was given for that is no open folder of a group"
		b.try = "open the group's folder for CgroupFD, and keep it open until the child is started"
	case "EBUSY":
		b.why = "it should be born in a group (CLONE_INTO_CGROUP) that hands its controllers on to groups below it, which takes no processes: cgroups(7)"
		b.try = "have it born in a group at the bottom, one that has none below"
	}
}

// joinedLate says that the command came into a group when it had started, or would
// have if it had not ended meanwhile.
func (f *facts) joinedLate(looks []*evidence.Groups) (because, bool) {
	b := because{
		cause: "joined-late",
		saw:   "the command had started when it should have come into its group",
		try:   "let the child wait until it is in the group, or write itself into it before it executes the command",
	}
	found := false
	for _, later := range looks[1:] {
		if now := f.groupOf(later); now != "" && !f.oldGroup(now) {
			b.saw = fmt.Sprintf("the command had started when it came into the group %s", word(now))
			found = true
			break
		}
	}
	for _, c := range f.named(members()...) {
		p := f.run.Process(c.call.Process)
		if c.call.Seq < looks[0].Seq || c.call.Errno != "" && c.call.Errno != "ESRCH" || f.itself(c) {
			continue
		}
		b.at = c.call.At
		b.why = fmt.Sprintf("%s wrote %s to cgroup.procs when the command was running already, which did not wait for it", f.who(p), quote(c.text))
		found = true
		break
	}
	return b, found
}

// itself tells whether who wrote to cgroup.procs meant itself.
func (f *facts) itself(c control) bool {
	p := f.run.Process(c.call.Process)
	return c.text == "0" || c.text == strconv.Itoa(p.PIDSelf())
}

// parentInstead says that the first process, and not the command, was put into a
// new group.
func (f *facts) parentInstead(looks []*evidence.Groups) (because, bool) {
	for _, c := range f.named(members()...) {
		if c.call.Process != f.first.ID || c.call.Errno != "" || !f.itself(c) || f.oldGroup(c.group) {
			continue
		}
		return because{
			cause: "parent-in-group",
			saw:   fmt.Sprintf("the command was in the group %s, which the host had before", word(f.groupOf(looks[0]))),
			why:   fmt.Sprintf("the first process wrote %s to cgroup.procs of %s: it put itself there", quote(c.text), word(c.group)),
			try:   "write the child's pid to cgroup.procs, or 0 in the child itself",
			at:    c.call.At,
		}, true
	}
	return because{}, false
}

// noCommandInGroup says why the command did not run, where that is about groups.
func (f *facts) noCommandInGroup() because {
	if r, ok := f.refusedGroup(); ok {
		return r
	}
	if r, ok := f.refusedControl(); ok {
		return r
	}
	b := f.noCommand()
	if n := len(f.run.Groups); n > 0 && count(f.run.Groups[n-1].Of("/"), "memory.events", "oom_kill") > 0 {
		for _, c := range f.named("memory.max") {
			if c.call.Errno != "" {
				continue
			}
			b.cause = "memory-other"
			b.saw = "the kernel killed the child for memory before it could execute the command"
			b.why = fmt.Sprintf("%s was written to memory.max, which counts bytes", quote(c.text))
			b.try = "100 MB are 100000000 bytes, or 100M"
			b.at = c.call.At
			break
		}
	}
	return b
}

// moveAfter returns the line of the call that moved a process into a group after seq.
func (f *facts) moveAfter(seq int, group string) string {
	for _, c := range f.named(members()...) {
		if c.call.Seq > seq && c.group == group && c.call.Errno == "" {
			return c.call.At
		}
	}
	return ""
}

// madeGroups returns the groups that were seen and not there before.
func (f *facts) madeGroups() (made []string) {
	for i := range f.run.Groups {
		for _, g := range f.run.Groups[i].All {
			if !f.oldGroup(g.Path) && !slices.Contains(made, g.Path) {
				made = append(made, g.Path)
			}
		}
	}
	return made
}

// parentInGroup says that the first process is in the container's group too.
func (f *facts) parentInGroup(group string) because {
	b := because{
		cause: "parent-in-group",
		saw:   fmt.Sprintf("the first process is in the container's group %s too", word(group)),
		try:   "leave the parent where it was: write the child's pid to cgroup.procs, or 0 in the child itself",
	}
	for _, c := range f.named(members()...) {
		if c.group == group && c.call.Process == f.first.ID && c.call.Errno == "" {
			b.at = c.call.At
			b.why = fmt.Sprintf("the first process wrote %s to cgroup.procs", quote(c.text))
		}
	}
	return b
}

// groupLeft says why groups are left.
func (f *facts) groupLeft(left []string) because {
	b := because{
		cause: "group-left",
		saw:   "left behind on the host: the control group " + few(left, word),
		why:   "nothing removed it",
		try:   "remove the group's folder when the container has ended, however it ended",
	}
	for _, e := range f.run.Events {
		if (e.Call == "mkdir" || e.Call == "mkdirat") && strings.HasSuffix(e.Path, path.Join(groupsAt, left[0])) {
			b.at = e.At
		}
		removes := e.Call == "rmdir" || e.Call == "unlinkat"
		if !removes || !slices.ContainsFunc(left, func(group string) bool { return strings.HasSuffix(e.Path, path.Join(groupsAt, group)) }) {
			continue
		}
		b.at = e.At
		b.why = fmt.Sprintf("removing it failed: %s", errnoWords(e.Errno))
		if e.Errno == "EBUSY" {
			b.why = "removing it failed: it had processes or groups in it still (EBUSY)"
			b.try = "wait for the child first: a group can be removed when nothing is in it"
			if last := f.run.Groups[max(len(f.run.Groups)-2, 0)].With(f.first.ID); last != nil && slices.Contains(left, last.Path) {
				b.why = "removing it failed: the first process was in it itself (EBUSY)"
				b.try = "leave the parent where it was: only the child belongs into the group"
			}
		}
	}
	return b
}

// hostLimited says that something is limited that is not the container's.
func (f *facts) hostLimited(looks []*evidence.Groups) (because, bool) {
	for i := range f.run.Groups {
		look := &f.run.Groups[i]
		for _, was := range f.run.Groups[0].All {
			is := look.Of(was.Path)
			if b, ok := f.controllersTaken(&was, is); ok {
				return b, true
			}
			for _, file := range []string{"memory.max", "memory.high", "cpu.max", "pids.max"} {
				if is == nil || is.Files[file] == was.Files[file] || is.Files[file] == "" {
					continue
				}
				b := because{
					cause: "host-limited",
					saw:   fmt.Sprintf("%s of the host's group %s was set to %s", file, word(was.Path), quote(is.Files[file])),
					try:   "set limits in the container's own group alone",
				}
				for _, c := range f.named(file) {
					if c.group == was.Path {
						b.at = c.call.At
					}
				}
				return b, true
			}
		}
	}
	last := looks[len(looks)-1]
	if g := last.With(f.first.ID); g != nil && !f.oldGroup(g.Path) {
		for _, kind := range []string{"memory", "cpu"} {
			if l := limitOf(last, g.Path, kind); l.by != nil {
				b := f.parentInGroup(g.Path)
				b.cause = "host-limited"
				b.saw = fmt.Sprintf("the first process was limited, in the group %s", word(g.Path))
				return b, true
			}
		}
	}
	return because{}, false
}

// controllersTaken says that a group of the host hands on fewer controllers than
// it did: the limits of those below are gone.
func (f *facts) controllersTaken(was, is *evidence.Group) (because, bool) {
	const file = "cgroup.subtree_control"
	if is == nil || is.Files == nil { // it was being removed
		return because{}, false
	}
	now := strings.Fields(is.Files[file])
	for controller := range strings.FieldsSeq(was.Files[file]) {
		if slices.Contains(now, controller) {
			continue
		}
		b := because{
			cause: "controllers-taken",
			saw:   fmt.Sprintf("the host's group %s does not have %s in its %s any more", word(was.Path), controller, file),
			why:   "with it all groups below have lost what limited them by it, and it was there before the program was started",
			try:   "leave the controllers that are there: whoever enabled them needs them",
		}
		for _, c := range f.named(file) {
			if c.group == was.Path && strings.Contains(c.text, "-"+controller) {
				b.at = c.call.At
			}
		}
		return b, true
	}
	return because{}, false
}

// opensGroups says that the command can write through a mount to a group that
// limits it, or to one outside of that, into which it could go. What lies below all
// that limit it may be its own.
func (f *facts) opensGroups(m evidence.Mount) (because, bool) {
	if m.FSType != "cgroup2" || m.ReadOnly || len(f.run.Groups) == 0 {
		return because{}, false
	}
	looks, err := f.looks()
	if err != nil {
		return because{}, false
	}
	shown := path.Join("/", strings.TrimPrefix(m.Host, groupsAt))
	at := f.groupOf(looks[0])
	beneath := func(kind string) bool {
		l := limitOf(looks[0], at, kind)
		return l.by != nil && isAbove(l.by.Path, shown)
	}
	if beneath("memory") && beneath("cpu") {
		return because{}, false
	}
	b := because{
		cause: "groups-writable",
		saw:   fmt.Sprintf("the host's control groups from %s on are mounted at %s in the container, and can be written there", word(shown), word(m.Point)),
		why:   fmt.Sprintf("the command is in %s: it could leave that group, or lift its limits", word(at)),
		try:   "leave the control groups out of the container, or mount them read-only",
	}
	if shown == at {
		b.why = "that is the command's own group: it could lift its limits"
	}
	return b, true
}
