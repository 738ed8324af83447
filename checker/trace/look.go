package trace

import (
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// kinds are the namespaces of a process, by their names in /proc/PID/ns.
// The first ones are those that a new process may have other than its creator,
// though that asked for none (unshare(2) of CLONE_NEWPID and CLONE_NEWTIME).
var kinds = [...]string{"pid", "time", "uts", "mnt", "user", "ipc", "net", "cgroup"}

const (
	inherited = 2 // of kinds: index of the first that a process has from its creator
	pidKind   = 0 // index of "pid"
	utsKind   = 2 // index of "uts"
	netKind   = 6 // index of "net"
)

// inodes are the namespaces of a thread in the order of kinds; 0: not known.
type inodes [len(kinds)]uint64

// maxHeld is how many namespaces of a kind are held open: fewer than a sandbox
// lets a submission make, so that holding them does not use them up.
const maxHeld = 48

// looks reads namespaces and what they hold.
type looks struct {
	proc *procfs
	// held are descriptors of the namespaces that were seen, by inode number;
	// -1 for those of the host, which init holds.
	held  map[uint64]int
	kind  map[uint64]string
	count [len(kinds)]int // of held
	// present is the UTS namespace that this thread is in; 0: not known.
	present uint64
	// shared are the maps handed out, so that equal ones are one.
	shared    map[inodes]evidence.Namespaces
	mountinfo int // descriptor of init's; -1: none
	listed    int // bytes of it that were read at first
	first     int // mounts in those
	full      bool
}

func newLooks(proc *procfs) looks {
	return looks{proc: proc, held: map[uint64]int{}, kind: map[uint64]string{}, shared: map[inodes]evidence.Namespaces{}, mountinfo: -1}
}

func (l *looks) close() {
	for _, fd := range l.held {
		if fd >= 0 {
			closeRaw(fd)
		}
	}
	clear(l.held)
	if l.mountinfo >= 0 {
		closeRaw(l.mountinfo)
		l.mountinfo = -1
	}
}

// release gives up the namespaces of some kinds, when nothing more is read.
func (l *looks) release(kinds ...string) {
	for inode, fd := range l.held {
		if fd >= 0 && slices.Contains(kinds, l.kind[inode]) {
			closeRaw(fd)
			delete(l.held, inode)
		}
	}
}

// openHost notes the host's namespaces, which are init's until the end.
func (l *looks) openHost(init int) (inodes, error) {
	now, err := l.namespaces(init, inodes{}, kinds[:])
	if err != nil {
		return now, err
	}
	for kind, inode := range now {
		if kind != utsKind {
			l.held[inode] = -1
		}
	}
	l.hold(init, now)
	// The descriptor stays with the mount namespace and the root directory
	// that init has now, whatever becomes of init.
	if l.mountinfo, err = l.proc.open(init, "mountinfo", unix.O_RDONLY); err != nil {
		return now, fmt.Errorf("open mountinfo of init: %w", err)
	}
	return now, nil
}

// namespaces reads the namespaces that a thread is in: those of the wanted
// kinds, the first ones of kinds. A thread that has exited has none any more:
// what is known already stays then.
func (l *looks) namespaces(tid int, known inodes, wanted []string) (inodes, error) {
	now := known
	for i, kind := range wanted {
		link, err := l.proc.link(tid, "ns/"+kind)
		switch err {
		case nil:
			if inode := parseInode(link, kind); inode != 0 {
				now[i] = inode
			}
		case unix.ENOENT, unix.ESRCH:
			// A kernel without this kind, or a thread that is gone.
		default:
			return now, fmt.Errorf("read %s namespace of %d: %w", kind, tid, err)
		}
	}
	return now, nil
}

// hold keeps a thread's namespaces from being given up before the end, so that
// no other can get their inode numbers.
func (l *looks) hold(tid int, now inodes) {
	for i, inode := range now {
		if _, ok := l.held[inode]; ok || inode == 0 {
			continue
		}
		if l.count[i] >= maxHeld {
			l.full = true
			continue
		}
		fd, err := l.proc.open(tid, "ns/"+kinds[i], unix.O_RDONLY)
		if err != nil {
			continue // it is gone: there is nothing to hold
		}
		l.held[inode], l.kind[inode] = fd, kinds[i]
		l.count[i]++
	}
}

// holds tells whether a namespace can be entered without a thread in it.
func (l *looks) holds(inode uint64) bool {
	fd, ok := l.held[inode]
	return ok && fd >= 0
}

// asMap returns the form that evidence has.
func (l *looks) asMap(now inodes) evidence.Namespaces {
	if m, ok := l.shared[now]; ok {
		return m
	}
	m := evidence.Namespaces{}
	for i, inode := range now {
		if inode != 0 {
			m[kinds[i]] = inode
		}
	}
	l.shared[now] = m
	return m
}

// enter moves this thread into a UTS namespace, for uname(2).
func (l *looks) enter(inode uint64, tid int) error {
	if l.present == inode && inode != 0 {
		return nil
	}
	fd, ok := l.held[inode]
	if !ok || fd < 0 {
		var err error
		if fd, err = l.proc.open(tid, "ns/uts", unix.O_RDONLY); err != nil {
			if err == unix.ENOENT {
				return unix.ESRCH // the thread was killed
			}
			return fmt.Errorf("open UTS namespace of %d: %w", tid, err)
		}
		defer closeRaw(fd)
	}
	l.present = 0
	if _, _, errno := unix.RawSyscall(unix.SYS_SETNS, uintptr(fd), unix.CLONE_NEWUTS, 0); errno != 0 {
		return fmt.Errorf("enter UTS namespace %d: %w", inode, errno)
	}
	l.present = inode
	return nil
}

// uname reads the hostname of the UTS namespace that this thread is in.
func uname() (name, release string, err error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return "", "", fmt.Errorf("read hostname: %w", err)
	}
	return printable(unix.ByteSliceToString(u.Nodename[:])), unix.ByteSliceToString(u.Release[:]), nil
}

// remounted tells whether the host's mounts may have changed since openHost,
// proc_pid_mounts(5): the file becomes ready for POLLPRI then.
func (l *looks) remounted() bool {
	poll := []unix.PollFd{{Fd: int32(l.mountinfo), Events: unix.POLLPRI}}
	n, err := unix.Poll(poll, 0)
	return err != nil || n > 0
}

// --- what the recorder sees

// hostname returns the hostname that a UTS namespace has now. The namespace is
// one that was seen; tid is a thread in it, for the case that it is not held.
func (r *Recorder) hostname(uts uint64, tid int) (string, error) {
	if uts == 0 {
		return "", nil
	}
	if err := r.looks.enter(uts, tid); err != nil {
		return "", err
	}
	name, _, err := uname()
	if err != nil {
		return "", err
	}
	if last, ok := r.last[uts]; !ok || last != name {
		room := maxNames
		if uts == r.host[utsKind] {
			room += maxHostNames
		}
		if len(r.run.Names) < room {
			r.run.Names = append(r.run.Names, evidence.Name{Seq: r.next(), UTS: uts, Name: name})
		} else {
			r.cut("names")
		}
		r.last[uts] = name
		r.mark++
	}
	return name, nil
}

// refresh reads a thread's namespaces anew, if they may have changed.
func (r *Recorder) refresh(t *task) {
	if !t.stale {
		return
	}
	wanted := kinds[:]
	if t.inherits {
		wanted = wanted[:inherited]
	}
	now, err := r.looks.namespaces(t.tid, t.spaces, wanted)
	r.fail(err)
	if now != t.spaces || !t.held {
		r.looks.hold(t.tid, now)
		if r.looks.full {
			r.cut("namespaces")
		}
	}
	t.spaces, t.stale, t.held, t.inherits = now, false, true, false
}

// brief returns a thread's namespaces and hostname.
func (r *Recorder) brief(t *task) evidence.State {
	r.refresh(t)
	name, err := r.hostname(t.spaces[utsKind], t.tid)
	r.fail(err)
	return evidence.State{Namespaces: r.looks.asMap(t.spaces), Hostname: name}
}

// state returns all that is noted about a thread's state.
func (r *Recorder) state(t *task) evidence.State {
	s := r.brief(t)
	if t.proc.flags == probeFlags && !t.proc.noted {
		return s // Go's probe, by all that is known
	}
	s.Root = r.text(r.pathOf(t.tid, "root"))
	s.Dir = r.text(r.pathOf(t.tid, "cwd"))
	return s
}

func (r *Recorder) pathOf(tid int, name string) string {
	link, err := r.proc.link(tid, name)
	if err != nil {
		return ""
	}
	return printable(string(link))
}

// file names a file for comparison.
type file struct{ dev, inode uint64 }

func (r *Recorder) programOf(tid int) file {
	st, err := r.proc.stat(tid, "exe")
	if err != nil {
		return file{}
	}
	return file{uint64(st.Dev), st.Ino}
}
