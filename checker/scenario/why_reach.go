package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// reaches says how the command can come to files of the host, if it can.
func (f *facts) reaches() (because, bool) {
	v := f.ran().exec.View
	if v.Host {
		return f.notInImage(), true
	}
	change := f.changedRoot(f.ran().by)
	at := ""
	if change != nil {
		at = change.At
	}
	if len(v.Outside) > 0 {
		return f.leadsOut(&v.Outside[0], change), true
	}
	if v.Proc && v.ProcPIDs == f.run.Host.Namespaces["pid"] {
		return f.wrongProc(0).with("the host's processes are in the command's /proc: /proc/PID/root leads to the host's files"), true
	}
	if b, ok := f.hostMounted(v.Mounts); ok {
		if b.cause == "old-root" {
			b.at = at
			if change != nil && change.Call == "pivot_root" {
				b.why = fmt.Sprintf("pivot_root put it at %s", word(change.Source))
			}
		}
		return b, true
	}
	b, ok := f.hostMounted(f.ran().by.Mounts)
	if ok {
		b.why = "it was mounted when the command was running already"
		b.try = "mount nothing of the host in there, before or after"
		return b, true
	}
	return f.procElsewhere(slices.Concat(v.Mounts, f.ran().by.Mounts))
}

// leadsOut says which way out of its root the command has; change is the call by which
// the root was changed, or nil.
func (f *facts) leadsOut(way *evidence.Way, change *evidence.Event) because {
	at := ""
	if change != nil {
		at = change.At
	}
	const closed = "close it before the command is executed, or open it with O_CLOEXEC"
	switch {
	case way.PID > 0:
		b := throughProc(way)
		if way.FD < 0 {
			b.at = at
		}
		return b
	case way.FD < 0:
		b := because{
			cause: "cwd-outside",
			saw:   "the command's working directory lies outside of its root: ls there lists the host's files",
			try:   "change the working directory to / after the root was changed",
			at:    at,
		}
		if change != nil && !f.movedAfter(change) {
			b.why = fmt.Sprintf("%s changes the root, not the working directory, and chdir did not follow", change.Call)
		}
		return b
	case way.Namespace != "":
		b := because{
			cause: "descriptor-of-namespace",
			saw:   fmt.Sprintf("the command has descriptor %d open, %s, which leads to the host's %s namespace", way.FD, word(way.To), kindWord(way.Namespace)),
			why:   "setns goes there from any container that holds it",
			try:   closed,
		}
		if strings.HasPrefix(way.To, "socket:") {
			b.why = "a socket stays in the network namespace that it was made in, wherever its process goes"
			b.try = "close it before the command is executed, or make it with SOCK_CLOEXEC"
		}
		return b
	case way.Group:
		return because{
			cause: "descriptor-of-group",
			saw:   fmt.Sprintf("the command has descriptor %d open, %s of a control group", way.FD, word(path.Base(way.To))),
			why:   "what it was opened for holds in the container too, and /proc/self/fd opens it anew for more",
			try:   closed,
		}
	}
	return because{
		cause: "descriptor-outside",
		saw:   fmt.Sprintf("the command has descriptor %d open, a folder outside of its root", way.FD),
		why:   fmt.Sprintf("%s/ leads to the host's files from there", way.Path()),
		try:   closed,
	}
}

// throughProc says how another process of the container leads the command out of
// its root.
func throughProc(way *evidence.Way) because {
	b := because{
		cause: "host-through-proc",
		saw:   way.Path() + " leads the command out of its root",
		why:   fmt.Sprintf("the root directory of the container's pid %d is not the command's, and /proc shows it", way.PID),
		try:   "change the root of every process of the container, not only of the command",
	}
	switch {
	case way.FD >= 0:
		b.why = fmt.Sprintf("the container's pid %d has %s open, and /proc shows it", way.PID, word(way.To))
		b.try = "close it before the command is started"
		if way.Namespace != "" {
			b.saw = fmt.Sprintf("%s leads the command to the host's %s namespace", way.Path(), kindWord(way.Namespace))
		} else if way.Group {
			b.saw = way.Path() + " leads the command to a file of a control group"
		}
	case way.Thread > 0:
		dir, call := "root", "chroot"
		if way.Dir {
			dir, call = "working", "chdir"
		}
		b.why = fmt.Sprintf("that thread of the container's pid %d has a %s directory of its own: after unshare, %s changes no other thread's", way.PID, dir, call)
		b.try = "have the mount namespace made when the child is created, or let the child become the command: no other thread is left then"
	case way.Dir:
		b.why = fmt.Sprintf("the working directory of the container's pid %d lies on the host, and /proc shows it", way.PID)
		b.try = "change the working directory to / after the root was changed, in every process of the container"
	}
	return b
}

// procElsewhere says at which other path of the container than /proc the host's
// processes are shown, if at one.
func (f *facts) procElsewhere(mounts []evidence.Mount) (because, bool) {
	for _, m := range mounts {
		if m.PIDs == 0 || m.PIDs != f.run.Host.Namespaces["pid"] {
			continue
		}
		b := because{
			cause: "proc-of-host",
			saw:   fmt.Sprintf("the host's processes are at %s in the container: %s/PID/root leads to the host's files", word(m.Point), m.Point),
			try:   "mount no proc there but the container's own",
		}
		if m.Root != "/" {
			b.saw = fmt.Sprintf("%s of a proc with the host's processes is at %s in the container, and leads to the host's files", word(m.Root), word(m.Point))
		}
		if m.Covered {
			b.why = overIt
		}
		for _, e := range f.procMounts() {
			if p := f.run.Process(e.Process); e.Errno == "" && state(p).Namespaces["pid"] == m.PIDs && path.Base(e.Path) == path.Base(m.Point) {
				b.why = fmt.Sprintf("%s mounted it, and proc shows the PID namespace of whoever mounts it", f.who(p))
				b.at = e.At
				if m.Covered {
					b.why += "; " + overIt
				}
			}
		}
		return b, true
	}
	return because{}, false
}

// overIt is why what is out of sight counts.
const overIt = "another mount lies over it, which can be unmounted in there"

// hostMounted says which of a container's mounts shows what is the host's, if one does.
func (f *facts) hostMounted(mounts []evidence.Mount) (because, bool) {
	for _, m := range mounts {
		if i := slices.IndexFunc(m.Layers, func(layer string) bool { return !f.harmless(evidence.Mount{Host: layer}) }); i >= 0 {
			return because{
				cause: "host-mounted",
				saw:   fmt.Sprintf("the host's %s is a layer of the overlay at %s in the container", word(m.Layers[i]), word(m.Point)),
				try:   "have no folders in an overlay but the image's and empty ones",
			}, true
		}
		if b, ok := f.opensGroups(m); ok {
			return b, true
		}
		if m.Host == "" || f.harmless(m) || f.isRoot(m) || f.isVolume(m) {
			continue
		}
		b := because{
			cause: "host-mounted",
			saw:   fmt.Sprintf("the host's %s is mounted at %s in the container", word(m.Host), word(m.Point)),
			try:   "unmount it before the command is executed",
		}
		if m.Covered {
			b.why = overIt
		}
		if m.Host == "/" {
			b.cause = "old-root"
			b.saw = fmt.Sprintf("the host's root is there, at %s in the container", word(m.Point))
			if change := f.changedRoot(f.ran().by); change != nil && change.Call == "pivot_root" {
				b.try = "unmount the old root with MNT_DETACH, once the new one is in place"
			}
		}
		return b, true
	}
	return because{}, false
}

// isRoot tells whether a mount is the command's root directory itself, a copy of the
// image: that lies somewhere on the host, and shows nothing else of it.
func (f *facts) isRoot(m evidence.Mount) bool {
	return m.Point == "/" && m.Host != "/" && !m.Covered && f.ran().inImage()
}

// isVolume tells whether a mount is what an option asked for, or came with it.
func (f *facts) isVolume(m evidence.Mount) bool {
	volumes, _, _ := imageAndCommand(f.run.Args)
	return slices.ContainsFunc(volumes, func(volume string) bool {
		fields := strings.Split(volume, ":")
		source, point := fields[0], ""
		if len(fields) > 1 {
			point = path.Join("/", fields[1])
		}
		if !path.IsAbs(source) {
			source = f.onHost(source)
		}
		rest, ok := strings.CutPrefix(m.Point, point)
		return ok && len(point) > 1 && (rest == "" || rest[0] == '/') && m.Host == path.Join(source, rest)
	})
}

// movedAfter tells whether the caller changed its working directory after a call.
func (f *facts) movedAfter(call *evidence.Event) bool {
	for _, e := range f.calls(call.Process, "chdir", "fchdir") {
		if e.Seq > call.Seq && e.Errno == "" {
			return true
		}
	}
	return false
}

// harmless tells whether a folder or file of the host may be mounted in a
// container: the image itself, volumes, devices, and what tells names, which may
// be a file that was written for this container.
func (f *facts) harmless(m evidence.Mount) bool {
	in := func(dir string) bool { return m.Host == dir || strings.HasPrefix(m.Host, dir+"/") }
	return f.run.Image != nil && in(f.run.Image.Path) || strings.HasPrefix(m.Host, f.onHost("")+"/") || in("/dev") && !in("/dev/shm") || in("/sys") || m.Names ||
		path.Dir(m.Host) == "/etc" && slices.Contains([]string{"resolv.conf", "hosts", "hostname"}, path.Base(m.Host))
}
