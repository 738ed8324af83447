package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// wrongProc says why /proc does not show the container's processes. own is the
// command's PID namespace.
func (f *facts) wrongProc(own uint64) because {
	v := f.ran().exec.View
	if !v.Proc {
		b := because{
			cause: "proc-missing",
			saw:   "nothing is mounted on the command's /proc",
			why:   "no proc file system was mounted",
			try:   "mount proc on /proc of the container, before the command is executed",
		}
		if m := mountAt(v, "/proc"); m != nil {
			b.saw = fmt.Sprintf("on the command's /proc there is %s, and no proc", aType(m.FSType))
			if i := slices.IndexFunc(v.Mounts, func(m evidence.Mount) bool { return m.Point == "/proc" && m.FSType == "proc" }); i >= 0 {
				b.why = fmt.Sprintf("a proc file system is mounted there, and the %s lies over it", m.FSType)
				b.try = "mount nothing over it"
				return b
			}
		}
		for _, e := range f.procMounts() {
			p := f.run.Process(e.Process)
			b.at = e.At
			if e.Errno != "" {
				b.cause = "proc-refused"
				b.why = fmt.Sprintf("%s failed in %s: %s", pathCall(e), f.who(p), errnoWords(e.Errno))
				b.try = "look at the path: is it the container's /proc, seen from where the call is made?"
				continue
			}
			if slices.Contains(e.Flags, "MS_BIND") {
				b.why = fmt.Sprintf("%s was called with MS_BIND: that mounts the folder %s, and takes no notice of the type", pathCall(e), word(e.Source))
				b.try = "leave MS_BIND out: a proc file system is made by its type"
				continue
			}
			if off := f.takenOff(e, "/proc"); off != nil {
				b.cause, b.at = "proc-missing", off.At
				b.why = fmt.Sprintf("it was mounted, and unmounted again before the command was executed, in %s", f.who(f.run.Process(off.Process)))
				b.try = "leave it mounted: the kernel unmounts it when the container has ended"
				return b
			}
			b.why = fmt.Sprintf("%s was called in %s, and that is not the command's /proc", pathCall(e), f.who(p))
			b.try = "look from where the path is seen: before the root is changed it begins with " + f.imagePath()
		}
		return b
	}
	b := because{
		cause: "proc-of-host",
		saw:   "the host's processes are in the command's /proc",
		why:   "no proc file system was mounted in the container: it sees the host's",
		try:   "mount a proc of its own on /proc of the container, in a process of its PID namespace",
	}
	if v.ProcPIDs != f.run.Host.Namespaces["pid"] && v.ProcPIDs != 0 {
		b.cause = "proc-of-another"
		b.saw = "the command's /proc shows the processes of another PID namespace than its own"
		b.why = ""
	}
	for _, e := range f.procMounts() {
		p := f.run.Process(e.Process)
		if pids := state(p).Namespaces["pid"]; e.Errno == "" && (own != 0 && pids != own || v.ProcPIDs != 0 && pids == v.ProcPIDs) {
			b.why = fmt.Sprintf("%s mounted it, and proc shows the PID namespace of whoever mounts it", f.who(p))
			b.at = e.At
			if p == f.child && pids == f.run.Host.Namespaces["pid"] {
				saw := b.saw
				b = f.notIn([]string{"pid"})
				b.saw = saw
				return b
			}
		}
	}
	for _, m := range v.Mounts {
		if m.Host == "/proc" && m.Point == "/proc" && f.changedRoot(f.ran().by) != nil {
			b.why = "it is the host's, bind-mounted"
		}
	}
	return b
}

// takenOff returns the call that unmounted again, before the command was executed,
// what a call had mounted at the container's point; nil if none did.
func (f *facts) takenOff(mount *evidence.Event, point string) *evidence.Event {
	there := func(name string) bool { return path.Clean(name) == point || path.Clean(name) == f.imagePath()+point }
	for _, e := range f.run.Events {
		if e.Seq > mount.Seq && e.Seq < f.ran().exec.Seq && e.Call == "umount2" && e.Errno == "" && there(mount.Path) && there(e.Path) &&
			e.After != nil && mount.After != nil && e.After.Namespaces["mnt"] == mount.After.Namespaces["mnt"] {
			return e
		}
	}
	return nil
}

// procMounts returns the calls that mounted a proc file system, or should have.
func (f *facts) procMounts() []*evidence.Event {
	var found []*evidence.Event
	for _, e := range f.run.Events {
		if e.Call == "mount" && e.FSType == "proc" && len(found) < 100 {
			found = append(found, e)
		}
	}
	return found
}

// mountedOnHost says what was changed about the host's mounts, if anything was.
func (f *facts) mountedOnHost() (because, bool) {
	host := f.run.Host.Namespaces["mnt"]
	for _, e := range f.run.Events {
		if e.Errno != "" || e.After == nil {
			continue
		}
		there := e.After.Namespaces["mnt"] == host
		p := f.run.Process(e.Process)
		switch {
		case there && cutsOff(e) && (e.Call == "mount" || e.Call == "mount_setattr"):
			return because{
				cause: "host-made-private",
				saw:   fmt.Sprintf("the host's %s was made private", word(e.Path)),
				why:   fmt.Sprintf("%s did it, in the host's mount namespace", f.who(p)),
				try:   "do that in the child, when it has a mount namespace of its own",
				at:    e.At,
			}, true
		case len(e.Host) == 0:
		case there:
			b := because{
				cause: "mount-on-host",
				saw:   "mounted on the host: " + few(e.Host, word),
				why:   fmt.Sprintf("%s called %s in the host's mount namespace", f.who(p), e.Call),
				try:   "mount in the child, when it has a mount namespace of its own",
				at:    e.At,
			}
			if e.Call == "umount2" {
				b.saw = "changed on the host: " + few(e.Host, word)
			}
			return b, true
		default:
			b := because{
				cause: "mount-leaks",
				saw:   "mounted in the container, and there on the host too: " + few(e.Host, word),
				why:   "the host's / is shared, as systemd makes it, and a new mount namespace stays in its group until / is made private there",
				try:   "make / private, with all that is mounted below, in the child, before it mounts anything",
				at:    e.At,
			}
			if f.wasPrivate(e) {
				b.why = "some of the container's mounts still share what happens with the host's"
				b.try = "make all mounts private: MS_REC reaches those below /"
			}
			return b, true
		}
	}
	if mounts := f.run.Host.MountsLeft; len(mounts) > 0 {
		return because{
			cause: "mount-on-host",
			saw:   "mounted on the host, afterwards: " + few(mounts, word),
			try:   "mount in a mount namespace of the container's own",
		}, true
	}
	return because{}, false
}

// imageChanged says what was changed in the image.
func (f *facts) imageChanged() because {
	changed := f.run.Image.Changed
	b := because{
		cause: "image-changed",
		saw:   "afterwards, in the image: " + strings.Join(changes(shorter(changed, f.run.Image.Path), 3), ", "),
		try:   "leave the image's files alone, or put back what was changed",
	}
	for _, e := range f.run.Events {
		if e.Call == "pivot_root" && e.Errno == "" && slices.ContainsFunc(changed, func(c string) bool {
			return strings.HasSuffix(c, " (new)") && path.Base(strings.TrimSuffix(c, " (new)")) == path.Base(e.Source)
		}) {
			b.why = "pivot_root put the old root into that folder, which was made for it"
			b.try = "remove the folder when the old root is unmounted: the next container starts from the same image"
			b.at = e.At
		}
	}
	return b
}

// changes shows names with what happened to them, "/a (new)".
func changes(names []string, most int) []string {
	var words []string
	for _, name := range names[:min(most, len(names))] {
		at := max(strings.LastIndex(name, " ("), 0)
		words = append(words, word(name[:at])+name[at:])
	}
	if len(names) > most {
		words = append(words, fmt.Sprintf("and %d more", len(names)-most))
	}
	return words
}

// shorter takes the image's path off.
func shorter(names []string, prefix string) []string {
	var out []string
	for _, name := range names {
		if rest := strings.TrimPrefix(name, prefix); rest != name && strings.HasPrefix(rest, "/") {
			name = rest
		}
		out = append(out, name)
	}
	return out
}

// beyond says that the program asked for something that real root may do and
// root of the sandbox's user namespace may not: nothing can be said about the
// program then. It is empty where that did not happen, or did not matter: what was
// done to the host was done, whatever else would have come of the program.
func (f *facts) beyond(fail *failure) string {
	proc := strings.HasPrefix(fail.cause, "proc-")
	done := slices.Contains([]string{"mount-on-host", "mount-leaks", "host-made-private", "host-root-changed"}, fail.cause)
	if f.run.Image == nil || done || f.ran() != nil && !proc {
		return ""
	}
	for _, e := range f.run.Events {
		if e.Errno == "EINVAL" && f.withoutBelow(e) {
			return "bind-mount " + e.Source + " without what is mounted below it"
		}
		if e.Errno != "EPERM" {
			continue
		}
		switch {
		case e.Call == "mount" && e.FSType == "proc" && f.detached(e):
			return "mount proc after the old root, with the old /proc, was detached"
		case e.Call == "mount" && e.FSType == "sysfs":
			return "mount sysfs"
		case e.Call == "mknodat" || e.Call == "mknod":
			return "make a device"
		}
	}
	return ""
}

// withoutBelow tells whether a call wanted a folder of the host without the mounts
// below it: a mount namespace of another user namespace may not uncover what they
// lie on, mount_namespaces(7).
func (f *facts) withoutBelow(e *evidence.Event) bool {
	if e.Call != "mount" || !slices.Contains(e.Flags, "MS_BIND") || slices.Contains(e.Flags, "MS_REC") || slices.Contains(e.Flags, "MS_REMOUNT") || !path.IsAbs(e.Source) {
		return false
	}
	below := strings.TrimSuffix(path.Clean(e.Source), "/") + "/"
	return slices.ContainsFunc(f.run.Host.Mounts, func(point string) bool { return strings.HasPrefix(point, below) && point != below })
}

// detached tells whether something had been unmounted, or moved, in the caller's
// mount namespace before a call.
func (f *facts) detached(call *evidence.Event) bool {
	for _, e := range f.run.Events {
		if e.Seq >= call.Seq || call.After == nil {
			break
		}
		if (e.Call == "umount2" || e.Call == "move_mount" || slices.Contains(e.Flags, "MS_MOVE")) && e.Errno == "" &&
			e.After != nil && e.After.Namespaces["mnt"] == call.After.Namespaces["mnt"] {
			return true
		}
	}
	return false
}
