package trace

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// Limits of what is looked at of the host's control groups. The sandbox lets a
// submission have fewer.
const (
	maxGroups     = 100  // groups in one look
	maxGroupFile  = 1024 // bytes of one of their files
	maxGroupLooks = 150  // looks of one kind
)

// groups is how the host's control groups are looked at.
type groups struct {
	top    int    // descriptor of the group that is "/" there; -1: none
	prefix string // its path as this thread sees it
	looks  map[string]int
	held   []*held
}

// limitFiles and countFiles are the files that are read of every group.
func limitFiles() []string {
	return []string{"cgroup.subtree_control", "cpu.max", "memory.high", "memory.max", "pids.max"}
}

func countFiles() []string { return []string{"cpu.stat", "memory.events"} }

// openGroups begins to look. Init stands where it was born, in the highest group.
func (r *Recorder) openGroups() error {
	r.groups = groups{top: r.init.Groups, looks: map[string]int{}}
	if !r.opts.groups {
		r.groups.top = -1
	}
	if r.groups.top < 0 {
		return nil
	}
	group, err := r.groupOf(r.init.PID)
	r.groups.prefix = group
	return err
}

// groupOf returns the path of the group of cgroup v2 that a process is in, as this
// thread sees it.
func (r *Recorder) groupOf(pid int) (string, error) {
	data, err := r.proc.read(pid, "cgroup")
	if err != nil {
		return "", fmt.Errorf("read cgroup of %d: %w", pid, err)
	}
	for line := range bytes.Lines(data) {
		if rest, ok := bytes.CutPrefix(line, []byte("0::")); ok {
			return strings.TrimSuffix(string(rest), "\n"), nil
		}
	}
	return "", fmt.Errorf("read cgroup of %d: no line of version 2", pid)
}

// lookAtGroups adds what the groups are now to the run.
func (r *Recorder) lookAtGroups(when string, p *process) {
	g := &r.groups
	if g.top < 0 || !r.begun || p.ev == nil {
		return
	}
	if g.looks[when]++; g.looks[when] > maxGroupLooks {
		r.cut("groups")
		return
	}
	look := evidence.Groups{Seq: r.next(), Time: r.elapsed(), When: when, Process: p.ev.ID}
	files := limitFiles()
	if when != evidence.GroupsAtWrite {
		files = append(files, countFiles()...)
	}
	r.walkGroups(g.top, "/", files, &look)
	slices.SortFunc(look.All, func(a, b evidence.Group) int { return strings.Compare(a.Path, b.Path) })
	for _, p := range r.run.Processes {
		q := r.procs[p.PID]
		if q == nil || q.ev != p {
			continue
		}
		at, err := r.groupOf(q.pid)
		rest, ok := strings.CutPrefix(at, g.prefix)
		if err != nil || !ok {
			continue // it is gone
		}
		if group := look.Of(r.text(printable(path.Join("/", rest)))); group != nil {
			group.Processes = append(group.Processes, p.ID)
		}
	}
	r.run.Groups = append(r.run.Groups, look)
}

// walkGroups adds the group of which dir is a descriptor, and all below it.
func (r *Recorder) walkGroups(dir int, name string, files []string, look *evidence.Groups) {
	if len(look.All) >= maxGroups {
		r.cut("groups")
		return
	}
	group := evidence.Group{Path: r.text(printable(name))}
	for _, file := range files {
		if text, ok := readAt(dir, file); ok {
			if group.Files == nil {
				group.Files = map[string]string{}
			}
			group.Files[file] = text
		}
	}
	look.All = append(look.All, group)
	fd, err := unix.Openat(dir, ".", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return // it was removed just now
	}
	list := os.NewFile(uintptr(fd), name)
	defer list.Close()
	entries, _ := list.ReadDir(-1)
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if sub, err := unix.Openat(dir, e.Name(), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
			r.walkGroups(sub, path.Join(name, e.Name()), files, look)
			closeRaw(sub)
		}
	}
}

// readAt reads a small file below a folder.
func readAt(dir int, name string) (string, bool) {
	fd, err := unix.Openat(dir, name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", false
	}
	defer closeRaw(fd)
	data, err := readAll(fd, maxGroupFile)
	return printable(strings.TrimSpace(string(data))), err == nil
}

// isGroupFile tells whether a descriptor of a thread is a file of a control group.
func (r *Recorder) isGroupFile(tid int, fd int32) bool {
	if r.groups.top < 0 {
		return false
	}
	at, err := r.proc.open(tid, fdName(fd), unix.O_PATH)
	if err != nil {
		return false
	}
	defer closeRaw(at)
	return r.liesInGroups(at)
}

// liesInGroups tells whether a file lies in the file system of the host's control groups.
func (r *Recorder) liesInGroups(at int) bool {
	var st unix.Statfs_t
	return r.groups.top >= 0 && unix.Fstatfs(at, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// groupCalls are traced where the host has control groups.
func groupCalls() []call {
	return append([]call{
		{nr: unix.SYS_MKDIRAT, name: "mkdirat", enter: enterMknodat},
		{nr: unix.SYS_UNLINKAT, name: "unlinkat", enter: enterMknodat, when: []condition{{2, unix.AT_REMOVEDIR}}},
	}, groupCallsHere()...)
}

// counted looks at the groups for the last time in the life of a process that runs
// a program other than the submission's.
func (r *Recorder) counted(p *process) {
	if p.ev == nil || p.self || p.counted || len(p.ev.Execs) == 0 {
		return
	}
	p.counted = true
	r.lookAtGroups(evidence.GroupsAtExit, p)
}
