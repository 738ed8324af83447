package scenario

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// changedRoot returns the call by which a process, or one that made it, last
// changed its root directory; nil if none did.
func (f *facts) changedRoot(p *evidence.Process) *evidence.Event {
	for seq := int(^uint(0) >> 1); p != nil; p = f.run.Process(p.Creator) {
		for _, e := range slices.Backward(f.calls(p.ID, "chroot", "pivot_root")) {
			if e.Errno == "" && e.Seq < seq {
				return e
			}
		}
		if p.Creator < 0 {
			break
		}
		seq = p.Seq
	}
	return nil
}

// rootOf returns the path of a process's root directory as it was told last.
func (f *facts) rootOf(p *evidence.Process) string {
	if e := f.changedRoot(p); e != nil && e.Process == p.ID && e.After != nil && e.After.Root != "" {
		return e.After.Root
	}
	if p.Last.Root != "" {
		return p.Last.Root
	}
	return p.Born.Root
}

// rootCalls are those by which a process comes to another root directory, and to what is
// mounted there.
func rootCalls() []string { return []string{"chroot", "pivot_root", "mount", "umount2", "chdir"} }

// refusedRoot says that a process wanted another root directory, or a mount on
// the way to it, and was refused.
func (f *facts) refusedRoot(p *evidence.Process) (because, bool) {
	for _, e := range slices.Backward(f.events[p.ID]) {
		if e.Errno == "" || !slices.Contains(rootCalls(), e.Call) {
			continue
		}
		if f.ended(p) && p.Exit.Code == 0 && p.Exit.Signal == "" {
			return because{}, false // it went on
		}
		return f.refusedCall(p, e), true
	}
	return because{}, false
}

// refusedCall says that one of those calls failed.
func (f *facts) refusedCall(p *evidence.Process, e *evidence.Event) because {
	b := because{
		cause: "root-refused",
		saw:   fmt.Sprintf("%s failed in %s: %s", pathCall(e), f.who(p), errnoWords(e.Errno)),
		try:   "look at the path, and at what has to be done before that call",
		at:    e.At,
	}
	switch {
	case e.Errno == "ENOENT" && f.run.Image == nil:
		b.why = "this exercise's sandbox shows no image"
		if f.rootChangedBefore(e) != nil {
			b.why = fmt.Sprintf("its root was %s by then", word(f.rootOf(p)))
		}
		b.try = "leave that out here: the exercise that changes the root has an image"
	case e.Errno == "EPERM" && p == f.child && f.notRoot(&b):
	case e.Call == "mount" && e.Errno == "ENODEV":
		noType(e, &b)
	case e.Call == "mount" && e.Errno == "EINVAL" && cutsOff(e) && slices.Contains(e.Flags, "MS_BIND"):
		b.saw = fmt.Sprintf("mount(%s) with %s failed in %s: %s", word(e.Path), strings.Join(e.Flags, "|"), f.who(p), errnoWords(e.Errno))
		b.why = "with MS_BIND it is a call for a bind mount, and wants a source"
		b.try = "leave MS_BIND out: a mount is made private by a call of its own"
	case e.Call == "mount" && e.Errno == "EINVAL" && cutsOff(e) && f.rootChangedBefore(e) != nil:
		b.why = fmt.Sprintf("%s came before it: the new / is no mount point", pathCall(f.rootChangedBefore(e)))
		b.try = "make / private before the root is changed"
	case e.Call == "pivot_root" && f.refusedPivot(e, &b):
	case e.Call == "mount" && slices.Contains(e.Flags, "MS_REMOUNT"):
		b.cause = "bind-refused"
		b.saw = fmt.Sprintf("mount(%s) with %s failed in %s: %s", word(e.Path), strings.Join(e.Flags, "|"), f.who(p), errnoWords(e.Errno))
		b.try = remountAdvice(e)
		if e.Errno == "EINVAL" && slices.Contains(e.Flags, "MS_BIND") {
			b.why = fmt.Sprintf("nothing was mounted right at %s: mount(2)", word(e.Path))
		}
	case e.Call == "mount" && slices.Contains(e.Flags, "MS_BIND") && e.Source != e.Path:
		b.cause = "bind-refused"
		b.saw = fmt.Sprintf("%s failed in %s: %s", bindWords(e), f.who(p), errnoWords(e.Errno))
		refused := f.bindRefused(e)
		b.why, b.try = refused.why, refused.try
	case e.Call == "mount" && slices.Contains(e.Flags, "MS_MOVE"):
		b.saw = fmt.Sprintf("mount(%s) with MS_MOVE failed in %s: %s", word(e.Path), f.who(p), errnoWords(e.Errno))
		b.try = "MS_MOVE moves what is mounted already; for a folder it is MS_BIND"
	case e.Call == "mount" && e.FSType == "proc" && f.elsewhere(p):
		f.inWrongRoot(p, &b)
	case e.Call == "mount" && e.FSType == "proc":
		b.cause = "proc-refused"
		b.try = "look at the path: is it the container's /proc, seen from where the call is made?"
	case e.Call == "umount2" && e.Errno == "EBUSY":
		b.why = "something of it is in use: this process has come from there, or there are mounts below"
		b.try = "unmount it with MNT_DETACH: it is out of the way at once, and goes when nobody uses it"
	case e.Errno == "ENOENT":
		b.try = "look at the path: the image's root file system is " + f.imagePath()
		f.optionAsImage(e.Path, &b)
	}
	return b
}

// noType explains a mount for which the kernel knows no file system.
func noType(e *evidence.Event, b *because) {
	b.why = fmt.Sprintf("the kernel knows no type of file system named %s", word(e.FSType))
	b.try = "look at the type, the third argument"
	switch {
	case strings.Contains(e.FSType, "bind"):
		b.cause = "bind-refused"
		b.try = "leave the type empty: what makes a bind mount is a flag, MS_BIND"
	case e.FSType == "" && path.Base(e.Path) != "proc":
		b.cause = "bind-refused"
		b.why = "it has no type of file system, and MS_BIND is not among its flags"
		b.try = "give MS_BIND: it makes a bind mount of it"
	case e.FSType == "":
		b.cause = "proc-refused"
		b.why = "it has no type of file system"
		b.try = "give the type, the third argument"
	}
}

// rootChangedBefore returns the call by which the caller of a call, or one that made it, had
// changed its root directory; nil if none did.
func (f *facts) rootChangedBefore(e *evidence.Event) *evidence.Event {
	if change := f.changedRoot(f.run.Process(e.Process)); change != nil && change.Seq < e.Seq {
		return change
	}
	return nil
}

// refusedPivot explains a pivot_root that the kernel refused, if it can.
func (f *facts) refusedPivot(e *evidence.Event, b *because) bool {
	switch {
	case e.Errno == "EINVAL" && !f.wasPrivate(e):
		b.why = "pivot_root refuses where the mount that / lies on is shared, as it is on the host: pivot_root(2)"
		b.try = "make / private first, with all below it, in the container's mount namespace"
	case e.Errno == "EINVAL" && strings.HasPrefix(path.Clean(e.Path), path.Clean(e.Source)+"/"):
		b.why = fmt.Sprintf("put_old, %s, lies above the new root: pivot_root(2)", word(e.Source))
		b.try = "give the two paths the other way round: first the new root, then the folder in it for the old one"
	case e.Missing == "source":
		b.why = fmt.Sprintf("there is no folder %s for the old root", word(e.Source))
		b.try = "make that folder before"
	case e.Errno == "EINVAL" && path.IsAbs(e.Path) && path.IsAbs(e.Source) && path.Clean(e.Source) != path.Clean(e.Path) && !strings.HasPrefix(path.Clean(e.Source), path.Clean(e.Path)+"/"):
		b.why = fmt.Sprintf("put_old, %s, does not lie at or below the new root: pivot_root(2)", word(e.Source))
		b.try = "make a folder for the old root in the new one"
	case e.Errno == "EINVAL":
		b.why = "the new root has to be a mount point: pivot_root(2)"
		b.try = "bind-mount the image's rootfs onto itself first"
	case e.Errno == "EBUSY":
		b.why = "the new root and put_old must not lie on the present root's own mount: pivot_root(2)"
		b.try = "bind-mount the image's rootfs onto itself first"
	default:
		return false
	}
	return true
}

// elsewhere tells whether a process has changed its root to a folder that is not
// the image's.
func (f *facts) elsewhere(p *evidence.Process) bool {
	root := f.rootOf(p)
	return f.changedRoot(p) != nil && root != "" && root != "/" && root != f.imagePath()
}

// inWrongRoot explains what became of a process by its root, which is a folder that
// is not the image's.
func (f *facts) inWrongRoot(p *evidence.Process, b *because) {
	b.cause = "wrong-root"
	b.why = fmt.Sprintf("its root was %s; the image's is %s", word(f.rootOf(p)), f.imagePath())
	b.try = "make the image's rootfs the root: /fs, the image's name, rootfs"
	f.optionAsImage(f.rootOf(p), b)
}

// optionAsImage says that an option stands in a path where the image's name should
// be, if one does.
func (f *facts) optionAsImage(name string, b *because) {
	volumes, _, _ := imageAndCommand(f.run.Args)
	for part := range strings.SplitSeq(name, "/") {
		if len(volumes) > 0 && (part == "-v" || slices.Contains(volumes, part)) {
			b.why = fmt.Sprintf("%s was taken for the image's name; the image's root is %s", word(part), f.imagePath())
			b.try = "take the options out of the arguments before the image's name is read"
		}
	}
}

func (f *facts) imagePath() string {
	if f.run.Image == nil {
		return "/fs/IMAGE/rootfs"
	}
	return f.run.Image.Path
}

// pathCall shows a call with its path.
func pathCall(e *evidence.Event) string {
	if e.Call == "mount" && e.FSType != "" {
		return fmt.Sprintf("mount of %s on %s", word(e.FSType), word(e.Path))
	}
	return fmt.Sprintf("%s(%s)", e.Call, word(e.Path))
}

// wasPrivate tells whether the mounts of the caller's mount namespace had been
// cut off from the host's before a call.
func (f *facts) wasPrivate(call *evidence.Event) bool {
	if call.After == nil {
		return false
	}
	ns := call.After.Namespaces["mnt"]
	for _, e := range f.run.Events {
		if e.Seq >= call.Seq {
			break
		}
		if (e.Call == "mount" || e.Call == "mount_setattr") && e.Errno == "" && e.After != nil && e.After.Namespaces["mnt"] == ns && cutsOff(e) {
			return true
		}
	}
	return false
}

// cutsOff tells whether a call takes mounts out of their peer group.
func cutsOff(e *evidence.Event) bool {
	return slices.ContainsFunc(e.Flags, func(flag string) bool {
		return flag == "MS_PRIVATE" || flag == "MS_SLAVE" || flag == "MS_UNBINDABLE"
	})
}

// notInImage says why the command's root directory is not the image's.
func (f *facts) notInImage() because {
	p := f.ran().by
	change := f.changedRoot(p)
	b := because{
		cause: "no-root",
		saw:   "the command's root directory is the host's",
		why:   "neither chroot nor pivot_root was called",
		try:   "make the image's rootfs the root of the process that becomes the command",
	}
	if !f.ran().exec.View.Host {
		b.cause = "wrong-root"
		b.saw = "the command's root directory is not the image's"
		b.why = ""
		b.try = "make the image's rootfs the root: /fs, the image's name, rootfs"
		if change == nil {
			return b
		}
		b.at = change.At
		if root := f.rootOf(p); root != "" && root != "/" {
			b.saw = fmt.Sprintf("the command's root directory is %s, not %s", word(root), f.imagePath())
			if root == f.imagePath() {
				b.saw = fmt.Sprintf("the command's root directory is another one that is mounted on %s, with files that are not the image's", root)
				b.try = "make the image's rootfs the root, or a copy of it, or an overlay on it"
			}
		}
		b.why = fmt.Sprintf("%s was called", pathCall(change))
		return b
	}
	for _, q := range append(f.inside(), f.outside()...) {
		if fail, ok := f.refusedRoot(q); ok && fail.cause == "root-refused" {
			fail.saw = b.saw + ": " + fail.saw
			return fail
		}
		for _, e := range f.calls(q.ID, "chroot", "pivot_root") {
			if e.Errno != "" {
				b.at = e.At
				failed := fmt.Sprintf("%s failed in %s: %s", pathCall(e), f.who(q), errnoWords(e.Errno))
				if e.Call == "pivot_root" && f.refusedPivot(e, &b) {
					b.saw += ": " + failed
				} else {
					b.why = failed
				}
				return b
			}
			if q != p {
				b.why = fmt.Sprintf("%s was called in %s, not in the command's process", pathCall(e), f.who(q))
				b.at = e.At
			}
		}
	}
	if change != nil {
		b.why = fmt.Sprintf("%s was called, and that is the host's root", pathCall(change))
		b.at = change.At
		if f.oneThread(change) {
			b.why = fmt.Sprintf("%s in %s changed the root of one thread alone, and the command came from another", pathCall(change), f.who(f.run.Process(change.Process)))
			b.try = keepThread
		}
	}
	return b
}

// rootedOnHost says that a process of the host changed its root, if one did.
func (f *facts) rootedOnHost() (because, bool) {
	for _, e := range f.run.Events {
		if e.Call != "chroot" && e.Call != "pivot_root" || e.Errno != "" || e.After == nil {
			continue
		}
		if e.After.Namespaces["mnt"] != f.run.Host.Namespaces["mnt"] || f.in[e.Process] && e.Call == "chroot" {
			continue
		}
		b := because{
			cause: "host-root-changed",
			saw:   fmt.Sprintf("%s was called in %s", pathCall(e), f.who(f.run.Process(e.Process))),
			why:   "that process belongs to the host: from there on it finds no program or file of the host",
			try:   "call it in the child, which is the container's",
			at:    e.At,
		}
		if e.Call == "pivot_root" {
			b.why = "it was in the host's mount namespace: the whole host has another root now"
			b.try = "have a mount namespace made for the child, and call it there"
		}
		return b, true
	}
	return because{}, false
}
