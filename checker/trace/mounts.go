package trace

import (
	"bytes"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// A mount is a line of a mountinfo file, proc_pid_mountinfo(5).
type mount struct {
	id    uint64
	point string
	// what tells it from another one at the same point: its number, which may
	// be given again, its device, the root in it, and the file system's type.
	what string
	// of what: "0:45", the folder of the file system that is mounted, "tmpfs".
	device, root, fstype string
	readOnly             bool // of this mount; the file system may be so too
}

// Limits of what is read of a mountinfo file. The kernel lists mounts by age, and
// a line takes it as long as mounts lie on one another there: the lines of
// 100,000 such mounts took minutes. Those of the start and some are enough to
// say what was left.
const (
	maxMountinfo = 256 << 10 // bytes
	moreBytes    = 24 << 10  // than at first
	moreMounts   = 100       // of them, which fewer bytes hold but for long paths
)

// mounts returns the host's mounts, sorted by their points; of very many the
// oldest.
func (l *looks) mounts() ([]mount, error) {
	limit := maxMountinfo
	if l.listed > 0 {
		limit = l.listed + moreBytes
	}
	data, err := readAll(l.mountinfo, limit)
	if err != nil {
		return nil, fmt.Errorf("read mountinfo of init: %w", err)
	}
	if len(data) >= limit {
		data = data[:bytes.LastIndexByte(data, '\n')+1]
	}
	list := parseMounts(data)
	if l.listed == 0 {
		l.listed, l.first = len(data), len(list)
	}
	list = list[:min(len(list), l.first+moreMounts)]
	slices.SortStableFunc(list, func(a, b mount) int { return strings.Compare(a.point, b.point) })
	return list, nil
}

// parseMounts reads a mountinfo file. Fields hold \ooo for blanks.
func parseMounts(data []byte) []mount {
	var list []mount
	for line := range bytes.Lines(data) {
		fields := bytes.Split(line, []byte(" "))
		if len(fields) < 6 {
			continue
		}
		what := bytes.Join([][]byte{fields[0], fields[2], fields[3]}, []byte(" "))
		m := mount{
			point:    printable(string(unescape(fields[4]))),
			readOnly: slices.Contains(strings.Split(string(fields[5]), ","), "ro"),
			device:   string(fields[2]), root: printable(string(unescape(fields[3]))),
		}
		m.id, _ = strconv.ParseUint(string(fields[0]), 10, 64)
		// Behind the optional fields: "-", the type, the source.
		if i := slices.IndexFunc(fields, func(f []byte) bool { return string(f) == "-" }); i >= 0 && i+1 < len(fields) {
			what = append(append(what, ' '), fields[i+1]...)
			m.fstype = string(fields[i+1])
		}
		m.what = string(what)
		list = append(list, m)
	}
	return list
}

// missing tells which of the two paths of a call that was just refused for one is
// not there: "" if it cannot tell. The kernel does not say.
func (r *Recorder) missing(tid int, ev *evidence.Event) string {
	if ev.Call != "mount" && ev.Call != "pivot_root" || ev.Errno != "ENOENT" || ev.Source == "" || ev.Path == "" {
		return ""
	}
	switch source, target := r.lacks(tid, ev.Source), r.lacks(tid, ev.Path); {
	case source == target: // both, or not found in the way that the kernel has
		return ""
	case source:
		return "source"
	}
	return "path"
}

// lacks tells whether there is nothing at a path as a thread sees it. What it
// cannot follow safely may be there.
func (r *Recorder) lacks(tid int, name string) bool {
	from, how := r.seenBy(tid, name)
	if from < 0 {
		return false
	}
	defer closeRaw(from)
	at, err := unix.Openat2(from, name, &how)
	if err == nil {
		closeRaw(at)
	}
	return err == unix.ENOENT
}

// seenBy opens the folder from which a thread looks for a path, and says how to
// follow that from there without being led elsewhere; -1: it is gone.
func (r *Recorder) seenBy(tid int, name string) (from int, how unix.OpenHow) {
	base := "cwd"
	how = unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_NO_SYMLINKS}
	if path.IsAbs(name) {
		base, how.Resolve = "root", unix.RESOLVE_IN_ROOT|unix.RESOLVE_NO_MAGICLINKS
	}
	from, err := r.proc.open(tid, base, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return -1, how
	}
	return from, how
}

func points(list []mount) []string {
	var out []string
	for _, m := range list {
		out = append(out, m.point)
	}
	return out
}

// networksIn returns those that hold a network namespace.
func networksIn(list []mount) []mount {
	return slices.DeleteFunc(slices.Clone(list), func(m mount) bool { return m.fstype != "nsfs" || !strings.HasPrefix(m.root, "net:") })
}

// changed says which mounts are not as they were: the point of a new one, and
// for those of before "/proc (gone)", or "/proc (replaced)" if another one is
// there now. A mount may lie on another one.
func changed(before, now []mount) []string {
	gone, came := map[string]int{}, map[string]int{}
	count := func(all, known []mount, into map[string]int) {
		left := map[mount]int{}
		for _, m := range known {
			left[m]++
		}
		for _, m := range all {
			if left[m]--; left[m] < 0 {
				into[m.point]++
			}
		}
	}
	count(now, before, came)
	count(before, now, gone)
	var out []string
	for point, n := range gone {
		swapped := min(n, came[point])
		came[point] -= swapped
		for range swapped {
			out = append(out, point+" (replaced)")
		}
		for range n - swapped {
			out = append(out, point+" (gone)")
		}
	}
	for point, n := range came {
		for range n {
			out = append(out, point)
		}
	}
	slices.Sort(out)
	return out
}
