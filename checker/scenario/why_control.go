package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// groupsAt is where the host has its control groups.
const groupsAt = "/sys/fs/cgroup"

// A control is a call by which somebody wrote to a file of a control group, or
// wanted to.
type control struct {
	call        *evidence.Event
	group, file string // "/box", "memory.max"
	text        string // what was to be written, as far as it is known
}

// controls returns those calls, in their order: of each only the last, write or
// open, that came to something.
func (f *facts) controls() (all []control) {
	for _, e := range f.run.Events {
		name := e.Path
		switch {
		case e.Target != nil && e.Target.Kind == "file" && (e.Size > 0 || len(e.Data) > 0):
			name = e.Target.Name
		case strings.HasPrefix(e.Call, "open") && e.Errno != "", e.Call == "creat" && e.Errno != "":
		default:
			continue
		}
		rest, ok := strings.CutPrefix(name, groupsAt+"/")
		if !ok || len(all) >= 200 {
			continue
		}
		all = append(all, control{e, path.Join("/", path.Dir(rest)), path.Base(rest), strings.TrimSpace(string(e.Data))})
	}
	return all
}

// named returns those of a file, the latest first.
func (f *facts) named(files ...string) (found []control) {
	for _, c := range slices.Backward(f.controls()) {
		if slices.Contains(files, c.file) {
			found = append(found, c)
		}
	}
	return found
}

// members are the files by which a process comes into a group.
func members() []string { return []string{"cgroup.procs", "cgroup.threads"} }

// version1 are the names that files had in version 1 of control groups.
func version1(file string) bool {
	return file == "tasks" || strings.HasPrefix(file, "cpu.cfs_") || strings.HasSuffix(file, "_in_bytes") || file == "cpu.shares" || file == "notify_on_release"
}

// refusedControl says that the kernel refused what somebody wanted of a group, for
// which the files count, all if none are given.
func (f *facts) refusedControl(files ...string) (because, bool) {
	all := f.controls()
	for _, c := range all {
		e := c.call
		meant := func(file string) bool { return strings.HasSuffix(c.file, file) } // a slash may be missing
		if e.Errno == "" || len(files) > 0 && !slices.ContainsFunc(files, meant) && !version1(c.file) {
			continue
		}
		if len(files) > 0 && f.later(all, c) {
			continue
		}
		who := f.who(f.run.Process(e.Process))
		b := because{
			cause: "group-refused",
			saw:   fmt.Sprintf("%s could not write %s of the group %s: %s", who, c.file, word(c.group), errnoWords(e.Errno)),
			try:   "look at what the file takes: " + takes(c.file),
			at:    e.At,
		}
		if c.text != "" {
			b.saw = fmt.Sprintf("%s could not write %s into %s of the group %s: %s", who, quote(c.text), c.file, word(c.group), errnoWords(e.Errno))
		}
		switch {
		case version1(c.file):
			b.cause = "group-v1"
			b.why = fmt.Sprintf("%s is a file of cgroup v1; the host has v2", c.file)
			b.try = "use the files of v2: " + list(files)
			if len(files) == 0 {
				b.try = "use the files of v2: cgroup.procs, memory.max, cpu.max"
			}
		case e.Errno == "ENOENT" || e.Errno == "EACCES" || e.Errno == "EPERM":
			b.try = "make the group first, and look at the path and the file's name: they begin with " + groupsAt
			f.noSuchGroup(c, &b)
			if _, ok := f.hasController(c); !ok && strings.Contains(c.file, ".") {
				kind, _, _ := strings.Cut(c.file, ".")
				b.cause = "controllers-missing"
				b.why = fmt.Sprintf("the group above, %s, does not have %s in its cgroup.subtree_control", word(path.Dir(c.group)), kind)
				b.try = fmt.Sprintf("write +%s to cgroup.subtree_control of the group above, or make the group right below %s", kind, groupsAt)
			}
		case e.Errno == "EBUSY" && slices.Contains(members(), c.file):
			b.why = "a group that hands its controllers on to groups below it takes no processes: cgroups(7)"
			b.try = "put the process into a group at the bottom, one that has none below"
		case e.Errno == "EBUSY":
			b.why = "a group that holds processes cannot hand its controllers on: cgroups(7)"
			b.try = "enable the controllers before a process is in the group, or make the group right below " + groupsAt
		case e.Errno == "ESRCH":
			b.why = "there is no process with that pid where it was written"
		}
		return b, true
	}
	return because{}, false
}

// noSuchGroup says why the group of a refused call was not there, where the caller
// had another root than the host's, making it was refused too, or it had been removed.
func (f *facts) noSuchGroup(c control, b *because) {
	shown := slices.ContainsFunc(f.calls(c.call.Process, "mount", "move_mount"), func(e *evidence.Event) bool {
		return e.Errno == "" && (e.FSType == "cgroup2" || strings.HasPrefix(e.Source, "/sys"))
	})
	if root := f.rootBefore(c.call); root != nil && !shown {
		b.why = fmt.Sprintf("%s had been called: from there on %s does not see the host's %s", pathCall(root), f.who(f.run.Process(c.call.Process)), groupsAt)
		b.try = "do it before the root is changed"
		return
	}
	for _, e := range slices.Backward(f.run.Events) {
		if e.Seq > c.call.Seq || !strings.HasSuffix(e.Path, path.Join(groupsAt, c.group)) {
			continue
		}
		switch {
		case e.Call != "mkdir" && e.Call != "mkdirat" && e.Call != "rmdir" && e.Call != "unlinkat":
			continue
		case strings.HasPrefix(e.Call, "mkdir") && e.Errno != "" && e.Errno != "EEXIST":
			b.why = fmt.Sprintf("%s could not make the group: %s", f.who(f.run.Process(e.Process)), errnoWords(e.Errno))
			b.at = e.At
			if e.Errno == "ENOENT" {
				b.try = "make the group above it first, " + word(path.Dir(c.group)) + ", or make it right below " + groupsAt
			}
		case !strings.HasPrefix(e.Call, "mkdir") && e.Errno == "":
			b.why = f.who(f.run.Process(e.Process)) + " had removed the group"
			b.try = "remove the group when the container has ended"
			b.at = e.At
		}
		return
	}
}

// rootBefore returns the call by which the caller of another one had changed its
// root; nil if it had not.
func (f *facts) rootBefore(e *evidence.Event) *evidence.Event {
	for _, root := range slices.Backward(f.calls(e.Process, "chroot", "pivot_root")) {
		if root.Errno == "" && root.Seq < e.Seq {
			return root
		}
	}
	return nil
}

// later tells whether the same file was written afterwards, with success.
func (f *facts) later(all []control, c control) bool {
	return slices.ContainsFunc(all, func(o control) bool {
		return o.call.Seq > c.call.Seq && o.call.Errno == "" && o.group == c.group && o.file == c.file
	})
}

// hasController tells whether the group of a call had the file in question when it
// was looked at; ok is true as well where the group was never seen.
func (f *facts) hasController(c control) (seen, ok bool) {
	kind, _, _ := strings.Cut(c.file, ".")
	if kind != "memory" && kind != "cpu" && kind != "pids" {
		return false, true
	}
	for i := range f.run.Groups {
		if g := f.run.Groups[i].Of(c.group); g != nil {
			_, has := g.Files[kind+".max"]
			return true, has
		}
	}
	return false, true
}

// takes says what a file of a group takes.
func takes(file string) string {
	switch file {
	case "memory.max", "memory.high":
		return "bytes, or a number with K, M or G"
	case "cpu.max":
		return "two numbers, µs in each period and µs of the period: 50000 100000"
	case "cgroup.procs", "cgroup.threads":
		return "one pid, or 0 for who writes it"
	case "cgroup.subtree_control":
		return "names of controllers, each with + or - before it"
	}
	return "cgroups(7)"
}

// version1Used says that a file of version 1 was asked for.
func (f *facts) version1Used() (because, bool) {
	for _, c := range f.controls() {
		if version1(c.file) {
			return f.refusedControl(c.file)
		}
	}
	return because{}, false
}

// madeInImage says that somebody made a folder where groups are, but not on the host.
func (f *facts) madeInImage(b *because) {
	for _, e := range f.run.Events {
		if e.Call != "mkdir" && e.Call != "mkdirat" || e.Errno != "" || !strings.HasPrefix(e.Path, groupsAt+"/") {
			continue
		}
		if root := f.rootBefore(e); root != nil {
			b.why = fmt.Sprintf("%s was made when %s had been called: it is a folder of the image, with files like any other", word(e.Path), pathCall(root))
			b.at = e.At
			return
		}
	}
}

// refusedGroup says that a group could not be made.
func (f *facts) refusedGroup() (because, bool) {
	for _, e := range f.run.Events {
		if e.Call != "mkdir" && e.Call != "mkdirat" || e.Errno == "" || e.Errno == "EEXIST" || !strings.HasPrefix(e.Path, groupsAt) {
			continue
		}
		b := because{
			cause: "group-refused",
			saw:   fmt.Sprintf("%s could not make %s: %s", f.who(f.run.Process(e.Process)), quote(e.Path), errnoWords(e.Errno)),
			try:   "make it right below " + groupsAt,
			at:    e.At,
		}
		if kind := strings.Split(strings.TrimPrefix(e.Path, groupsAt+"/"), "/")[0]; e.Errno == "ENOENT" && slices.Contains([]string{"memory", "cpu", "pids", "cpu,cpuacct", "unified", "systemd"}, kind) {
			b.cause = "group-v1"
			b.why = fmt.Sprintf("%s/%s is a folder of cgroup v1; the host has v2, with one folder for all controllers", groupsAt, kind)
		}
		return b, true
	}
	return because{}, false
}
