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
	v := f.ran().exec.View
	for _, m := range v.Mounts {
		if m.Host == f.onHost(source) && m.Point == point && m.Covered {
			b.saw = fmt.Sprintf("the folder is mounted at %s in the container, and out of sight", point)
			b.why = ""
			b.try = "mount nothing over it, nor over a folder that it lies in"
			if over := f.over(point); over != nil {
				b.why = fmt.Sprintf("%s is mounted over it, at %s", aType(over.FSType), over.Point)
			}
			return b
		}
		if m.Host == f.onHost(source) {
			b.saw += fmt.Sprintf(", and the folder is at %s", word(m.Point))
			b.why = ""
			b.try = "put the path in the container together from the image's root and the path that was asked for"
			if option, ok := strings.CutPrefix(m.Point, point+":"); ok {
				b.why = fmt.Sprintf("%s was taken for a part of the path", word(":"+option))
				b.try = "split the option at every colon: the path ends at the second"
			}
			return b
		}
	}
	for _, e := range f.binds() {
		if e.Errno == "" && e.Seq > f.ran().exec.Seq && path.Base(e.Path) == path.Base(point) {
			b.at = e.At
			b.why = fmt.Sprintf("the mount on %s came when the command was running already, in %s", word(e.Path), f.who(f.run.Process(e.Process)))
			b.try = "mount before the command is executed"
			return b
		}
		if e.Errno == "" && path.Clean(e.Source) == f.imagePath()+point && path.Base(e.Path) == source {
			b.at = e.At
			b.why = fmt.Sprintf("%s was called: the folder that shall be seen is its first argument, where it shall be seen the second", bindWords(e))
			b.try = "give the two paths the other way round"
			return b
		}
		if path.Base(e.Source) != source {
			continue
		}
		p := f.run.Process(e.Process)
		b.at = e.At
		if e.Errno != "" {
			b.cause = "bind-refused"
			b.why = fmt.Sprintf("%s failed in %s: %s", bindWords(e), f.who(p), errnoWords(e.Errno))
			b.try = f.bindRefused(e).try
			continue
		}
		if off := f.takenOff(e, point); off != nil {
			b.cause, b.at = "volume-missing", off.At
			b.why = fmt.Sprintf("it was mounted, and unmounted again before the command was executed, in %s", f.who(f.run.Process(off.Process)))
			b.try = "leave it mounted: the kernel unmounts it when the container has ended"
			return b
		}
		if again := f.leftBehind(e); again != nil {
			b.at = again.At
			b.why = fmt.Sprintf("%s came after it without MS_REC: what is mounted below stays behind then", bindWords(again))
			b.try = "bind the image first and the volumes after it, or bind it with MS_REC"
			return b
		}
		b.why = fmt.Sprintf("%s was called in %s, and that is not the command's %s", bindWords(e), f.who(p), point)
		b.try = "look from where the paths are seen: before the root is changed the image's begin with " + f.imagePath()
	}
	return b
}

// over returns what is mounted where it hides all that lies at a path.
func (f *facts) over(point string) *evidence.Mount {
	for ; point != "/"; point = path.Dir(point) {
		if m := mountAt(f.ran().exec.View, point); m != nil {
			return m
		}
	}
	return nil
}

// leftBehind returns the call that bind-mounted, without what is mounted below, a
// folder below which another call had mounted something.
func (f *facts) leftBehind(below *evidence.Event) *evidence.Event {
	for _, e := range f.run.Events {
		if e.Seq > below.Seq && e.Call == "mount" && e.Errno == "" && slices.Contains(e.Flags, "MS_BIND") && !slices.Contains(e.Flags, "MS_REC") && !slices.Contains(e.Flags, "MS_REMOUNT") &&
			path.IsAbs(e.Source) && strings.HasPrefix(path.Clean(below.Path), path.Clean(e.Source)+"/") {
			return e
		}
	}
	return nil
}

// aType names a file system by its type.
func aType(fstype string) string {
	if strings.ContainsRune("aeiou", rune((fstype + " ")[0])) {
		return "an " + fstype
	}
	return "a " + fstype
}

func bindWords(e *evidence.Event) string {
	return fmt.Sprintf("the bind mount of %s on %s", word(e.Source), word(e.Path))
}

// bindRefused says why a bind mount was refused, where that can be told, and what
// to try.
func (f *facts) bindRefused(e *evidence.Event) because {
	if e.Errno != "ENOENT" && e.Errno != "ENOTDIR" {
		return because{try: "look at the flags and at both paths"}
	}
	if e.Errno == "ENOTDIR" {
		return because{try: "look at both paths: a folder is mounted on a folder, and a file on a file"}
	}
	b := because{try: "make the mount point first, and mount while the host's folder is in sight: before the root is changed"}
	if change := f.rootChangedBefore(e); change != nil && e.Missing != "path" {
		b.why = fmt.Sprintf("%s came before it, and since then that path leads elsewhere", pathCall(change))
		b.try = "mount before the root is changed, while the host's folder is in sight"
		return b
	}
	volumes, _, _ := imageAndCommand(f.run.Args)
	for _, volume := range volumes {
		if source, point, _ := strings.Cut(volume, ":"); path.IsAbs(e.Source) && path.Clean(e.Source) == path.Clean(strings.TrimSuffix(point, ":ro")) && path.Clean(e.Source) != f.onHost(source) {
			b.why = fmt.Sprintf("in %s the path in the container stands behind the colon", word(volume))
			b.try = fmt.Sprintf("take the host's folder from before the colon: %s", word(source))
			return b
		}
	}
	switch e.Missing {
	case "source":
		b.why = fmt.Sprintf("there is no %s where it is called", word(e.Source))
		b.try = "look at the source: a path of the host, which counts from the working directory if it does not begin with /"
	case "path":
		b.why = fmt.Sprintf("there is no %s to mount it on", word(e.Path))
		b.try = "make the mount point first: a folder below the image's root"
	}
	return b
}

func remountAdvice(e *evidence.Event) string {
	switch {
	case e.Errno == "ENOENT":
		return "look at the path: it must be right where the call is made"
	case e.Errno == "EINVAL" && slices.Contains(e.Flags, "MS_BIND"):
		return "a remount is of what is mounted right there: bind-mount first, and remount then, at the very same path"
	}
	return "to make one mount read-only, and not its whole file system, takes MS_REMOUNT, MS_BIND and MS_RDONLY together"
}

// otherMounted says that another folder is mounted than should be.
func (f *facts) otherMounted(m *evidence.Mount) because {
	b := because{
		cause: "volume-other",
		saw:   fmt.Sprintf("at %s there is %s that is none of the host's folders", m.Point, aType(m.FSType)),
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
		if e.Errno != "" || path.Base(e.Path) != path.Base(m.Point) {
			continue
		}
		b.at = e.At
		if change := f.changedRoot(f.ran().by); m.Host != "" && !path.IsAbs(e.Source) && (change == nil || e.Seq < change.Seq) && f.movedBefore(e) {
			b.why = fmt.Sprintf("%s is a relative path, and the working directory had been changed", word(e.Source))
			b.try = "mount before that, or make the source an absolute path before that"
		}
	}
	return b
}

// movedBefore tells whether the caller had changed its working directory.
func (f *facts) movedBefore(call *evidence.Event) bool {
	return slices.ContainsFunc(f.calls(call.Process, "chdir", "fchdir"), func(e *evidence.Event) bool { return e.Seq < call.Seq && e.Errno == "" })
}

// writableLater says that a read-only volume could be written to when the command
// ended.
func (f *facts) writableLater(volume *evidence.Mount) (because, bool) {
	m := mountAt(&evidence.View{Mounts: f.ran().by.Mounts}, volume.Point)
	if m == nil || m.Host != volume.Host || m.ReadOnly {
		return because{}, false
	}
	b := f.otherMode(m)
	b.why = "it was read-only when the command was executed, and no longer when that ended"
	b.try = "leave it read-only"
	return b, true
}

// writableElsewhere says at which other path of the container a read-only volume
// can be written to, if at one that nobody asked for.
func (f *facts) writableElsewhere(volume *evidence.Mount) (because, bool) {
	mounts := f.ran().exec.View.Mounts
	for _, m := range mounts {
		point, ok := shows(mounts, &m, volume)
		if !ok || m.ReadOnly || m.Covered || f.askedFor(m.Point) {
			continue
		}
		b := because{
			cause: "volume-writable",
			saw:   fmt.Sprintf("the same folder is at %s in the container, and can be written to there", word(point)),
			try:   "unmount it there, or make it read-only there too",
		}
		for _, above := range mounts {
			if above.Point == m.Point || strings.HasPrefix(m.Point, above.Point+"/") {
				if host, ok := f.hostMounted([]evidence.Mount{above}); ok && above.Host != "" {
					b.cause, b.why, b.try = host.cause, host.saw, host.try
					break
				}
			}
		}
		return b, true
	}
	for _, way := range f.ran().exec.View.Outside {
		if way.To == volume.Host && way.Namespace == "" && !way.Group {
			return because{
				cause: "volume-writable",
				saw:   fmt.Sprintf("the same folder is open in the container, at %s, and can be written to there", way.Path()),
				try:   "close it before the command is executed, or open it with O_CLOEXEC",
			}, true
		}
	}
	return because{}, false
}

// shows returns the path in the container at which the folder of a volume is seen
// through another mount: that of the folder itself, or of one that it lies in and
// that has nothing mounted on the way.
func shows(mounts []evidence.Mount, m, volume *evidence.Mount) (point string, ok bool) {
	if m.Host == volume.Host {
		return m.Point, true
	}
	rest, ok := strings.CutPrefix(volume.Root, strings.TrimSuffix(m.Root, "/")+"/")
	if !ok || m.Device == "" || m.Device != volume.Device {
		return "", false
	}
	point = path.Join(m.Point, rest)
	return point, !slices.ContainsFunc(mounts, func(over evidence.Mount) bool {
		return len(over.Point) > len(m.Point) && (over.Point == point || strings.HasPrefix(point, over.Point+"/"))
	})
}

// everyVolume is where every container has a volume, which no option names.
const everyVolume = "/volume"

// askedFor tells whether a volume was asked for at a path. Whether what is there is
// the right folder is another question, and another finding.
func (f *facts) askedFor(point string) bool {
	volumes, _, _ := imageAndCommand(f.run.Args)
	return point == everyVolume || slices.ContainsFunc(volumes, func(volume string) bool {
		fields := strings.Split(volume, ":")
		return len(fields) > 1 && path.Join("/", fields[1]) == point
	})
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
		if b.at != "" && e.Call == "mount" && e.Errno == "" && slices.Contains(e.Flags, "MS_REMOUNT") && !slices.Contains(e.Flags, "MS_RDONLY") && path.Base(e.Path) == path.Base(m.Point) {
			b.at = e.At
			b.why = "it was mounted once more after that, without MS_RDONLY"
			b.try = "give MS_RDONLY in every remount: what is not given is taken off"
		}
		if e.Call != "mount" || !slices.Contains(e.Flags, "MS_RDONLY") || path.Base(e.Path) != path.Base(m.Point) {
			continue
		}
		b.at = e.At
		switch {
		case e.Errno != "":
			b.why = fmt.Sprintf("mount(%s) with %s failed: %s", word(e.Path), strings.Join(e.Flags, "|"), errnoWords(e.Errno))
			b.try = remountAdvice(e)
		case !slices.Contains(e.Flags, "MS_REMOUNT"):
			b.why = "MS_RDONLY has no effect in the call that makes a bind mount: mount(2)"
		}
	}
	return b
}

// notFound says why a file on the host does not hold what the command wrote at a
// path of the container.
func (f *facts) notFound(name, written string) because {
	point := path.Dir(written)
	if v := f.ran().exec.View; v != nil {
		m := mountAt(v, point)
		switch {
		case m == nil && !slices.ContainsFunc(v.Mounts, func(m evidence.Mount) bool { return m.Host == f.onHost(path.Dir(name)) }):
			b := f.notMounted(path.Dir(name), point)
			b.saw = fmt.Sprintf("the host's folder %s is mounted nowhere in the container", path.Dir(name))
			return b
		case m == nil:
			return f.notMounted(path.Dir(name), point)
		case m.Host != f.onHost(path.Dir(name)):
			return f.otherMounted(m)
		case m.ReadOnly:
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
	if f.ran().exec.View != nil {
		b.try = "look at what happens to the folder when the container has ended"
	}
	p := f.ran().by
	if said := f.lastWords(p); strings.Contains(said, "payload: write:") {
		b.why = "the command said " + quote(said)
		b.try = "see that every volume is where the command looks for it"
	}
	return f.cutOff(b)
}
