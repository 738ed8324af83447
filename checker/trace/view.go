package trace

import (
	"bytes"
	"fmt"
	"path"
	"reflect"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// What a process can reach is asked of the kernel, through /proc/PID/root, cwd
// and fd, as an attacker in it would ask: a folder lies outside of its root if
// going up from there by ".." never comes past the root.

// Limits of a look at a process.
const (
	maxUp      = 256 // folders that one can lie in
	maxFDs     = 256
	maxWays    = 16
	maxThreads = 256 // of another process
	maxMounted = 100
	mountBytes = 256 << 10
)

// place names a folder as path lookup does: a mount, and a file in it.
type place struct{ mount, dev, inode uint64 }

func placeOf(fd int) (place, error) {
	var st unix.Statx_t
	err := unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_INO|unix.STATX_MNT_ID, &st)
	return place{st.Mnt_id, unix.Mkdev(st.Dev_major, st.Dev_minor), st.Ino}, err
}

// sameFile tells whether both are the same folder, by whichever mount.
func (p place) sameFile(q place) bool {
	return p.inode != 0 && p.inode == q.inode && p.dev == q.dev
}

// below tells whether a folder is root or lies below it. It closes dir.
func below(dir int, root place) bool {
	defer func() { closeRaw(dir) }()
	at, err := placeOf(dir)
	for range maxUp {
		if err != nil || at == root {
			return err == nil
		}
		up, upErr := unix.Openat(dir, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if upErr != nil {
			return false
		}
		closeRaw(dir)
		dir = up
		was := at
		if at, err = placeOf(dir); at == was {
			return false // the top
		}
	}
	return false
}

// view looks at what a process can reach. It is stopped.
func (r *Recorder) view(pid int) (*evidence.View, error) {
	root, err := r.proc.open(pid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, viewError(pid, "root", err)
	}
	defer closeRaw(root)
	at, err := placeOf(root)
	if err != nil {
		return nil, viewError(pid, "root", err)
	}
	v := &evidence.View{Image: at.sameFile(r.image) || r.marked(root)}
	if host, err := r.proc.open(r.init.PID, "root", unix.O_PATH|unix.O_DIRECTORY); err == nil {
		is, err := placeOf(host)
		v.Host = err == nil && is.dev == at.dev && is.inode == at.inode
		closeRaw(host)
	}
	if dir, err := r.proc.open(pid, "cwd", unix.O_PATH|unix.O_DIRECTORY); err == nil && !below(dir, at) {
		v.Outside = append(v.Outside, evidence.Way{FD: -1, To: r.text(r.pathOf(pid, "cwd"))})
	}
	if v.Outside, err = r.openWays(pid, at, v.Outside); err != nil {
		return nil, err
	}
	if v.Mounts, err = r.mountsOf(pid, root); err != nil {
		return nil, err
	}
	v.Proc, v.ProcPIDs = procShows(root, "/proc")
	v.Outside = r.otherWays(pid, v.ProcPIDs, at, v.Mounts, v.Outside)
	return v, nil
}

// remounted notes what a process sees mounted at its end, where it is not what it
// saw when it became its program.
func (r *Recorder) remounted(t *task) {
	p := t.proc.ev
	if len(p.Execs) == 0 || p.Execs[len(p.Execs)-1].View == nil {
		return
	}
	root, err := r.proc.open(t.tid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return // it was killed: what it saw last is not known
	}
	defer closeRaw(root)
	mounts, err := r.mountsOf(t.tid, root)
	if err == nil && !reflect.DeepEqual(mounts, p.Execs[len(p.Execs)-1].View.Mounts) {
		p.Mounts = mounts
	}
}

// viewError is nil where the process was killed meanwhile.
func viewError(pid int, what string, err error) error {
	if err == unix.ENOENT || err == unix.ESRCH {
		return unix.ESRCH
	}
	return fmt.Errorf("look at %s of %d: %w", what, pid, err)
}

// imageRoot finds the root of the image before the submission has run. It tells a
// root directory in which the mark is not to be seen: something may be mounted over
// the folder that it lies in.
func (r *Recorder) imageRoot() place {
	if r.opts.Image == nil {
		return place{}
	}
	host, err := r.proc.open(r.init.PID, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return place{}
	}
	defer closeRaw(host)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC, Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS}
	root, err := unix.Openat2(host, strings.TrimPrefix(r.opts.Image.Path, "/"), &how)
	if err != nil {
		return place{}
	}
	defer closeRaw(root)
	at, err := placeOf(root)
	if err != nil {
		return place{}
	}
	return at
}

// marked tells whether the image's mark lies below a root directory.
func (r *Recorder) marked(root int) bool {
	image := r.opts.Image
	if image.Mark == "" {
		return false
	}
	// Nothing in the way may be a link, or anything that acts when it is opened.
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_CLOEXEC | unix.O_NOFOLLOW,
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	at, err := unix.Openat2(root, image.MarkFile, &how)
	if err != nil {
		return false
	}
	defer closeRaw(at)
	return bytes.Equal(bytes.TrimSpace(r.contentOf(at, len(image.Mark)+2)), []byte(image.Mark))
}

// contentOf reads a regular file of which there is an O_PATH descriptor.
func (r *Recorder) contentOf(at, limit int) []byte {
	var st unix.Stat_t
	if unix.Fstat(at, &st) != nil || st.Mode&unix.S_IFMT != unix.S_IFREG || st.Size > int64(limit) {
		return nil
	}
	in, err := unix.Openat(r.proc.fd, "thread-self/fd/"+strconv.Itoa(at), unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer closeRaw(in)
	buf := make([]byte, limit)
	for n := 0; ; {
		m, err := preadRaw(in, buf[n:], int64(n))
		if err != nil || m == 0 {
			return buf[:n]
		}
		n += m
	}
}

// isPayload tells whether a process executes the kit's payload.
func (r *Recorder) isPayload(pid int) bool {
	want := r.opts.Image.Payload
	at, err := r.proc.open(pid, "exe", unix.O_PATH)
	if err != nil || len(want) == 0 {
		return false
	}
	defer closeRaw(at)
	var st unix.Stat_t
	return unix.Fstat(at, &st) == nil && st.Size == int64(len(want)) && bytes.Equal(r.contentOf(at, len(want)), want)
}

func (r *Recorder) mountinfo(tid int) ([]byte, error) {
	fd, err := r.proc.open(tid, "mountinfo", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer closeRaw(fd)
	return readAll(fd, mountBytes)
}

// mountsOf lists the mounts that a process sees, whose root directory is root.
func (r *Recorder) mountsOf(pid, root int) ([]evidence.Mount, error) {
	data, err := r.mountinfo(pid)
	if err != nil {
		return nil, viewError(pid, "mountinfo", err)
	}
	names := mountedNames(root)
	var out []evidence.Mount
	for _, m := range parseMounts(data) {
		if len(out) >= maxMounted {
			r.cut("mounts")
			break
		}
		seen := evidence.Mount{
			Point: r.text(m.point), FSType: r.text(m.fstype), Device: m.device, Root: r.text(m.root), ReadOnly: m.readOnly, Covered: covered(root, m), Host: r.text(r.onHost(m)), Names: names[m.id],
			Layers: r.argv(r.layersOf(m)),
		}
		seen.PIDs = r.pidsOf(root, m, seen.Covered)
		out = append(out, seen)
	}
	return out, nil
}

// covered tells whether the path of a mount, below a root directory, leads to
// something else. Of a name with escapes in it that is not asked.
func covered(root int, m mount) bool {
	if strings.Contains(m.point, `\`) {
		return false
	}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_SYMLINKS}
	at, err := unix.Openat2(root, m.point, &how)
	if err != nil {
		return err == unix.ENOENT || err == unix.ENOTDIR
	}
	defer closeRaw(at)
	is, err := placeOf(at)
	return err == nil && is.mount != m.id
}

// mountedNames returns the mounts of single files at which the files in /etc that
// tell names lie, wherever links lead there.
func mountedNames(root int) map[uint64]bool {
	ids := map[uint64]bool{}
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	for _, name := range []string{"resolv.conf", "hosts", "hostname"} {
		at, err := unix.Openat2(root, "etc/"+name, &how)
		if err != nil {
			continue
		}
		var st unix.Statx_t
		err = unix.Statx(at, "", unix.AT_EMPTY_PATH, unix.STATX_TYPE|unix.STATX_MNT_ID, &st)
		closeRaw(at)
		// What is the root of a mount and no folder is all that is mounted there.
		if err == nil && st.Mode&unix.S_IFMT == unix.S_IFREG && st.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0 {
			ids[st.Mnt_id] = true
		}
	}
	return ids
}

// onHost returns the path at which the host showed what a mount shows, or "".
func (r *Recorder) onHost(m mount) string {
	found, best := "", -1
	for _, h := range r.mounts {
		if h.device != m.device || len(h.root) <= best {
			continue
		}
		rest, ok := strings.CutPrefix(m.root, strings.TrimSuffix(h.root, "/"))
		if ok && (rest == "" || rest[0] == '/') {
			found, best = path.Join(h.point, rest), len(h.root)
		}
	}
	return found
}

// mounted notes what a call about mounts has changed on the host.
func (r *Recorder) mounted(ev *evidence.Event) {
	if r.opts.Image == nil || !r.looks.remounted() {
		return
	}
	r.shaken = true
	now, err := r.looks.mounts()
	if err != nil {
		r.fail(err)
		return
	}
	if ev.Host = r.argv(changed(r.mounts, now)); ev.Host == nil {
		ev.Host = []string{}
	}
}
