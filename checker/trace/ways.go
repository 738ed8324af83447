package trace

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// openWays adds what a process has open that leads out of its container: folders
// outside of root; the host's namespaces, where it is in others itself, and
// processes that are in them, for setns(2) takes both; sockets of the host's network,
// for a socket stays in the namespace that it was made in; and files of control groups,
// which /proc/PID/fd opens anew for writing, but for the one of Go's runtime.
func (r *Recorder) openWays(pid int, root place, ways []evidence.Way) ([]evidence.Way, error) {
	fds, err := r.openFiles(pid)
	if err != nil {
		return nil, viewError(pid, "fd", err)
	}
	own, err := r.looks.namespaces(pid, inodes{}, kinds[:])
	if err != nil {
		return nil, err
	}
	for _, fd := range fds {
		if len(ways) >= maxWays {
			break
		}
		name := fdName(int32(fd))
		at, err := r.proc.open(pid, name, unix.O_PATH)
		if err != nil {
			continue
		}
		var st unix.Stat_t
		way := evidence.Way{FD: fd}
		switch err := unix.Fstat(at, &st); {
		case err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR:
			if below(at, root) { // which closes it
				continue
			}
		default:
			if err == nil {
				way.Namespace = r.leadsTo(pid, fd, at, st.Ino, own)
				way.Group = r.liesInGroups(at) && !ofRuntime(r.pathOf(pid, name), descriptorsOf{r, pid}.info(int32(fd), "flags:", 8))
			}
			closeRaw(at)
			if way.Namespace == "" && !way.Group {
				continue
			}
		}
		way.To = r.text(r.pathOf(pid, name))
		ways = append(ways, way)
	}
	return ways, nil
}

// ofRuntime tells whether an open file of a control group is the one that Go's runtime
// has open all the time, to know how many processors a program may use: it is for
// reading and is closed on exec. (Go 1.25's release notes, "Container-aware GOMAXPROCS".)
// No program can help it.
func ofRuntime(name string, flags int64) bool {
	return path.Base(name) == "cpu.max" && flags >= 0 && flags&unix.O_ACCMODE == unix.O_RDONLY && flags&unix.O_CLOEXEC != 0
}

// otherWays adds what leads out of root by way of processes that are shown in a proc
// of the PID namespace pids: the root and working directories of theirs that lie
// outside, or of their threads, and what of their open files /proc/PID/fd opens for others.
// mounts are those that the process itself sees.
func (r *Recorder) otherWays(pid int, pids uint64, root place, mounts []evidence.Mount, ways []evidence.Way) []evidence.Way {
	for _, tgid := range slices.Sorted(maps.Keys(r.procs)) {
		other := r.procs[tgid]
		if tgid == pid || other.ev == nil || len(other.pids) == 0 || len(ways) >= maxWays || pids == 0 || pids == r.host[pidKind] {
			continue
		}
		link, err := r.proc.link(other.pid, "ns/pid")
		if err != nil || parseInode(link, "pid") != pids {
			continue
		}
		seen := other.pids[len(other.pids)-1]
		from, way := r.strays(other, root, mounts)
		if way != nil {
			way.PID = seen
			ways = append(ways, *way)
		}
		open, err := r.openWays(other.pid, from, nil)
		if err != nil && err != unix.ESRCH {
			r.fail(err)
		}
		for _, way := range open {
			// Sockets and pidfds are opened by nobody else.
			if !strings.HasPrefix(way.To, "socket:") && !strings.HasPrefix(way.To, "anon_inode:") && len(ways) < maxWays {
				way.PID = seen
				ways = append(ways, way)
			}
		}
	}
	return ways
}

// strays returns the root or working directory of one of a process's threads that
// lies outside of root, or nil; and the first one's root directory. Threads may have
// some of their own: unshare(2) of CLONE_FS, and so of CLONE_NEWNS.
func (r *Recorder) strays(p *process, root place, mounts []evidence.Mount) (first place, way *evidence.Way) {
	outside := func(tid int, name string, root place) bool {
		dir, err := r.proc.open(tid, name, unix.O_PATH|unix.O_DIRECTORY)
		return err == nil && !below(dir, root)
	}
	threads := slices.DeleteFunc(slices.Sorted(maps.Keys(p.tasks)), func(tid int) bool { return tid == p.pid })
	if len(threads) > maxThreads {
		threads = threads[:maxThreads]
		r.cut("threads")
	}
	first = root
	for i, tid := range append([]int{p.pid}, threads...) {
		way := &evidence.Way{FD: -1}
		if data, err := r.proc.read(tid, "status"); err == nil && i > 0 {
			if s, ok := parseStatus(data); ok && len(s.nspid) > 0 {
				way.Thread = s.nspid[len(s.nspid)-1]
			}
		}
		from := root
		if outside(tid, "root", root) {
			is, ok := r.sameRoot(tid, root, mounts)
			if !ok {
				way.To = r.text(r.pathOf(tid, "root"))
				return first, way
			}
			from = is
		}
		if i == 0 {
			first = from
		}
		if outside(tid, "cwd", from) {
			way.Dir, way.To = true, r.text(r.pathOf(tid, "cwd"))
			return first, way
		}
	}
	return first, nil
}

// sameRoot tells whether a process that is in another mount namespace has there, as
// the highest folder, what root is, and nothing of the host mounted that is not
// among mounts; and returns its root directory.
func (r *Recorder) sameRoot(pid int, root place, mounts []evidence.Mount) (place, bool) {
	dir, err := r.proc.open(pid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return root, viewError(pid, "root", err) == unix.ESRCH // it has ended: no way leads there
	}
	defer closeRaw(dir)
	up, err := unix.Openat(dir, "..", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return place{}, false
	}
	defer closeRaw(up)
	at, err := placeOf(dir)
	above, errAbove := placeOf(up)
	seen, errMounts := r.mountsOf(pid, dir)
	if errMounts == unix.ESRCH {
		return root, true
	}
	if err != nil || errAbove != nil || errMounts != nil || !at.sameFile(root) || at != above {
		return at, false
	}
	return at, !slices.ContainsFunc(seen, func(m evidence.Mount) bool {
		host := m.Host != "" || m.PIDs != 0 && m.PIDs == r.host[pidKind]
		return host && !slices.ContainsFunc(mounts, func(own evidence.Mount) bool {
			return own.Point == m.Point && own.Host == m.Host && own.PIDs == m.PIDs
		})
	})
}

// openFiles lists the descriptors of a process.
func (r *Recorder) openFiles(pid int) ([]int, error) {
	dir, err := r.proc.open(pid, "fd", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	defer closeRaw(dir)
	var fds []int
	buf := make([]byte, 4096)
	for {
		n, err := unix.ReadDirent(dir, buf)
		if err != nil {
			return nil, err
		}
		if n <= 0 {
			break
		}
		_, _, names := unix.ParseDirent(buf[:n], -1, nil)
		for _, name := range names {
			if fd, err := strconv.Atoi(name); err == nil {
				fds = append(fds, fd)
			}
		}
	}
	slices.Sort(fds)
	if len(fds) > maxFDs {
		fds = fds[:maxFDs]
		r.cut("descriptors")
	}
	return fds, nil
}

// leadsTo returns the kind of the host's namespace that a descriptor leads to, of
// one that its owner is not in; "" if it leads to none. at is the same file.
func (r *Recorder) leadsTo(pid, fd, at int, inode uint64, own inodes) string {
	foreign := func(kind int, namespace uint64) bool {
		return namespace != 0 && namespace == r.host[kind] && own[kind] != 0 && own[kind] != namespace
	}
	var fs unix.Statfs_t
	if unix.Fstatfs(at, &fs) == nil && fs.Type == unix.NSFS_MAGIC {
		for kind, name := range kinds {
			if foreign(kind, inode) {
				return name
			}
		}
		return ""
	}
	link, err := r.proc.link(pid, fdName(int32(fd)))
	switch {
	case err != nil:
	case string(link) == "anon_inode:[pidfd]":
		process := descriptorsOf{r, pid}.info(int32(fd), "Pid:", 10)
		if process <= 0 {
			return "" // it has ended
		}
		there, err := r.looks.namespaces(int(process), inodes{}, kinds[:])
		for kind, name := range kinds {
			if err == nil && foreign(kind, there[kind]) {
				return name
			}
		}
	case parseInode(link, "socket") != 0:
		if foreign(netKind, r.controlled(pid, fd)) {
			return kinds[netKind]
		}
	}
	return ""
}

// controlled returns the network namespace of a socket of netlink(7), packet(7) or
// ip(7): who holds one sets up the network there, by netdevice(7) with the last,
// overhears it or talks on it, wherever he is himself. It is 0 for other sockets. Lists
// of sockets in /proc lack those that were not used yet, so the socket itself is asked.
func (r *Recorder) controlled(pid, fd int) uint64 {
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0 // it was killed
	}
	defer closeRaw(process)
	socket, err := unix.PidfdGetfd(process, fd, 0)
	if err == unix.ESRCH || err == unix.EBADF {
		return 0
	}
	if err != nil {
		r.fail(fmt.Errorf("look at socket %d of %d: %w", fd, pid, err))
		return 0
	}
	defer closeRaw(socket)
	domain, err := unix.GetsockoptInt(socket, unix.SOL_SOCKET, unix.SO_DOMAIN)
	if err != nil || !slices.Contains([]int{unix.AF_NETLINK, unix.AF_PACKET, unix.AF_INET, unix.AF_INET6}, domain) {
		return 0
	}
	ns, _, errno := unix.RawSyscall(unix.SYS_IOCTL, uintptr(socket), unix.SIOCGSKNS, 0)
	if errno != 0 {
		r.fail(fmt.Errorf("find the network namespace of socket %d of %d: %w", fd, pid, errno))
		return 0
	}
	defer closeRaw(int(ns))
	var st unix.Stat_t
	if err := unix.Fstat(int(ns), &st); err != nil {
		return 0
	}
	return st.Ino
}
