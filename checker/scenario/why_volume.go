package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// binds returns the calls that bind-mounted something, or should have, but for
// those that mount a folder onto itself.
func (f *facts) binds() []*evidence.Event {
	var found []*evidence.Event
	for _, e := range f.run.Events {
		if (e.Call == "mount" && slices.Contains(e.Flags, "MS_BIND") && !slices.Contains(e.Flags, "MS_REMOUNT") && e.Source != e.Path ||
			e.Call == "move_mount") && len(found) < 100 {
			found = append(found, e)
		}
	}
	return found
}

// notMounted says why nothing is mounted at a path of the container.
func (f *facts) notMounted(source, point string) because {
	b := because{
		cause: "volume-missing",
		saw:   fmt.Sprintf("nothing is mounted at %s in the container", point),
		why:   fmt.Sprintf("no bind mount of %s was made", source),
		try:   "bind-mount the folder below the image's root, in the child, before the root is changed",
	}
	for _, m := range f.ran().exec.View.Mounts {
		if m.Host == f.onHost(source) {
			b.saw += fmt.Sprintf(", and the folder is at %s", word(m.Point))
			b.why = ""
			b.try = "put the path in the container together from the image's root and the path that was asked for"
			return b
		}
	}
	for _, e := range f.binds() {
		if path.Base(e.Source) != source {
			continue
		}
		p := f.run.Process(e.Process)
		b.at = e.At
		if e.Errno != "" {
			b.cause = "bind-refused"
			b.why = fmt.Sprintf("%s failed in %s: %s", bindWords(e), f.who(p), errnoWords(e.Errno))
			b.try = bindAdvice(e)
			continue
		}
		if off := f.takenOff(e, point); off != nil {
			b.cause, b.at = "volume-missing", off.At
			b.why = fmt.Sprintf("it was mounted, and unmounted again before the command was executed, in %s", f.who(f.run.Process(off.Process)))
			b.try = "leave it mounted: the kernel unmounts it when the container has ended"
			return b
		}
		b.why = fmt.Sprintf("%s was called in %s, and that is not the command's %s", bindWords(e), f.who(p), point)
		b.try = "look from where the paths are seen: before the root is changed the image's begin with " + f.imagePath()
	}
	return b
}

func bindWords(e *evidence.Event) string {
	return fmt.Sprintf("the bind mount of %s on %s", word(e.Source), word(e.Path))
}

func bindAdvice(e *evidence.Event) string {
	if e.Errno == "ENOENT" || e.Errno == "ENOTDIR" {
		return "make the mount point first, and mount while the host's folder is in sight: before the root is changed"
	}
	return "look at the flags and at both paths"
}

// otherMounted says that another folder is mounted than should be.
func (f *facts) otherMounted(m *evidence.Mount) because {
	b := because{
		cause: "volume-other",
		saw:   fmt.Sprintf("at %s there is a %s that is none of the host's folders", m.Point, m.FSType),
		try:   "bind-mount the host's folder itself: what is written there is there at once, on both sides",
	}
	if m.Host != "" {
		b.saw = fmt.Sprintf("at %s there is the host's %s", m.Point, word(m.Host))
		b.try = "look at the source: a relative path counts from the working directory"
		if strings.HasPrefix(m.Host, f.imagePath()) {
			b.saw = fmt.Sprintf("at %s there is the image's own %s", m.Point, word(strings.TrimPrefix(m.Host, f.imagePath())))
			b.try = "mount it before the root is changed: afterwards every path leads into the image"
		}
	}
	for _, e := range f.binds() {
		if e.Errno == "" && path.Base(e.Path) == path.Base(m.Point) {
			b.at = e.At
		}
	}
	return b
}

// otherMode says that a volume can be written to and should not, or the other
// way round.
func (f *facts) otherMode(m *evidence.Mount) because {
	if m.ReadOnly {
		return because{
			cause: "volume-read-only",
			saw:   fmt.Sprintf("%s is mounted read-only", m.Point),
			try:   "make only those read-only that end with :ro",
		}
	}
	b := because{
		cause: "volume-writable",
		saw:   fmt.Sprintf("%s can be written to", m.Point),
		try:   "mount it a second time where it is, with MS_REMOUNT, MS_BIND and MS_RDONLY",
	}
	for _, e := range f.run.Events {
		if e.Call != "mount" || !slices.Contains(e.Flags, "MS_RDONLY") || !strings.HasSuffix(e.Path, m.Point) {
			continue
		}
		b.at = e.At
		switch {
		case e.Errno != "":
			b.why = fmt.Sprintf("mount(%s) with %s failed: %s", word(e.Path), strings.Join(e.Flags, "|"), errnoWords(e.Errno))
			b.try = "look at the flags: it takes MS_REMOUNT, MS_BIND and MS_RDONLY together"
			if e.Errno == "ENOENT" {
				b.try = "look at the path: it must be right where the call is made"
			}
		case !slices.Contains(e.Flags, "MS_REMOUNT"):
			b.why = "MS_RDONLY has no effect in the call that makes a bind mount: mount(2)"
		}
	}
	return b
}

// notFound says why a file on the host does not hold what the command wrote.
func (f *facts) notFound(name string) because {
	if v := f.ran().exec.View; v != nil && !slices.ContainsFunc(v.Mounts, func(m evidence.Mount) bool { return m.Host == f.onHost(path.Dir(name)) }) {
		if m := mountAt(v, "/"+path.Dir(name)); m != nil {
			return f.otherMounted(m)
		}
		b := f.notMounted(path.Dir(name), "/"+path.Dir(name))
		b.saw = fmt.Sprintf("the host's folder %s is mounted nowhere in the container", path.Dir(name))
		return b
	}
	if v := f.ran().exec.View; v != nil {
		if m := mountAt(v, "/"+path.Dir(name)); m != nil && m.ReadOnly {
			return f.otherMode(m)
		}
	}
	b := because{
		cause: "volume-lost",
		saw:   fmt.Sprintf("there is no %s on the host", f.onHost(name)),
		try:   "let the container write into the host's folder itself, by a bind mount",
	}
	if found := f.found(name); found != nil {
		b.saw = fmt.Sprintf("%s holds %s", f.onHost(name), quote(string(found.Data)))
		if found.Kind != "file" {
			b.saw = fmt.Sprintf("%s is no file", f.onHost(name))
		}
	}
	if v := f.ran().exec.View; v != nil && slices.ContainsFunc(v.Mounts, func(m evidence.Mount) bool { return m.Host == f.onHost(path.Dir(name)) }) {
		b.try = "look at what happens to the folder when the container has ended"
	}
	p := f.ran().by
	if said := f.lastWords(p); strings.Contains(said, "payload: write:") {
		b.why = "the command said " + quote(said)
	}
	return f.cutOff(b)
}
