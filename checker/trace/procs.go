package trace

import (
	"slices"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// A proc file system is of the PID namespace of whoever mounted it. Its process 1 tells
// which that is, but not where another mount lies over it, or where only a part of it
// is mounted: there it is told by its device, as it was seen when it was mounted.

// showsProc notes of which PID namespaces the proc file systems are that a thread sees,
// which has just mounted something.
func (r *Recorder) showsProc(t *task, ev *evidence.Event) {
	if r.opts.Image == nil || ev.Errno != "" || ev.Call != "move_mount" && ev.FSType != "proc" {
		return
	}
	root, err := r.proc.open(t.tid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return // killed meanwhile
	}
	defer closeRaw(root)
	data, err := r.mountinfo(t.tid)
	if err != nil {
		return
	}
	seen := 0
	for _, m := range slices.Backward(parseMounts(data)) { // the latest come last
		if m.fstype != "proc" || m.root != "/" || seen == maxMounted {
			continue
		}
		seen++
		if covered(root, m) {
			continue
		}
		if _, pids := procShows(root, m.point); pids != 0 {
			if r.procPIDs == nil {
				r.procPIDs = map[string]uint64{}
			}
			r.procPIDs[m.device] = pids
		}
	}
}

// pidsOf returns the PID namespace of which the processes are that a mount shows; 0: it
// shows none, or it is not known. What is right at /proc the View tells.
func (r *Recorder) pidsOf(root int, m mount, covered bool) uint64 {
	whole := m.root == "/"
	switch {
	case m.fstype != "proc" || m.point == "/proc" && whole && !covered:
		return 0
	case whole && !covered:
		_, pids := procShows(root, m.point)
		return pids
	case whole || len(m.root) > 1 && m.root[1] >= '1' && m.root[1] <= '9': // or the folder of a process
		return r.procPIDs[m.device]
	}
	return 0
}

// procShows tells whether a proc file system is at a path below a root
// directory, and of which PID namespace it is: that of its process 1.
func procShows(root int, point string) (mounted bool, pids uint64) {
	how := unix.OpenHow{
		Flags:   unix.O_PATH | unix.O_DIRECTORY | unix.O_CLOEXEC,
		Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS,
	}
	at, err := unix.Openat2(root, point, &how)
	if err != nil {
		return false, 0
	}
	defer closeRaw(at)
	var st unix.Statfs_t
	if unix.Fstatfs(at, &st) != nil || st.Type != unix.PROC_SUPER_MAGIC {
		return false, 0
	}
	buf := make([]byte, 64)
	n, err := unix.Readlinkat(at, "1/ns/pid", buf)
	if err != nil {
		return true, 0
	}
	return true, parseInode(buf[:n], "pid")
}
