package sandbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// groupPrefix begins the name of every cgroup of ours; the checker's pid, its
// start time and its PID namespace follow, so that a later checker knows which
// were left behind, and letters for the Host, of which one checker may have several.
const groupPrefix = "pidone-"

// groups makes cgroups below those that the checker is in. Version 2 is used
// where it has the controllers, else version 1.
type groups struct {
	v2     bool
	limits bool     // keep limits; else they are a fence only, in v2: see box
	dirs   []string // where groups are made: one for v2, one a controller for v1
	name   string
	made   atomic.Int64 // groups so far, which numbers them
}

// box is the group in a group of v2 that the sandbox's processes are in, and
// the highest that they can see, as the root of their cgroup namespace.
//
// An ordinary user's sandbox is of the same id outside as the user, who may own
// the groups: it may write to files of the box, and kill or freeze what is in
// there. It must not reach the limits, which are those of the group above, nor
// the group that the checker is in, nor make groups that would stay.
const box = "box"

// group is one sandbox's cgroup: one directory in v2, one a controller in v1. A
// nil group is none.
type group struct {
	g    *groups
	dirs []string
	// owner is the id of the machine that may make groups below the box, see
	// delegate.go; -1: none.
	owner int
}

// openGroups finds out where groups can be made. Where they cannot keep limits
// it says why in an error, and returns nil or groups that are a fence alone.
func openGroups(name string) (*groups, error) {
	mounts, err := readFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	self, err := readFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	g := &groups{name: name, limits: true}
	g.dirs, g.v2, err = groupDirs(mounts, self)
	for _, dir := range g.dirs {
		if accessErr := unix.Access(dir, unix.W_OK); accessErr != nil && err == nil {
			err = fmt.Errorf("write %s: %w", dir, accessErr)
		}
	}
	if err != nil {
		dir := fenceDir(mounts, self)
		if dir == "" {
			return nil, err
		}
		g.dirs, g.v2, g.limits = []string{dir}, true, false
	}
	return g, err
}

// hierarchy is one mount of a cgroup file system.
type hierarchy struct {
	mount, root string
	options     []string
	v2          bool
}

// hierarchies reads /proc/self/mountinfo.
func hierarchies(mountinfo []byte) (all []hierarchy) {
	for line := range bytes.Lines(mountinfo) {
		if !bytes.Contains(line, []byte(" - cgroup")) { // most are not
			continue
		}
		before, after, _ := strings.Cut(string(line), " - ")
		f, s := strings.Fields(before), strings.Fields(after)
		if len(f) < 5 || len(s) < 3 || (s[0] != "cgroup" && s[0] != "cgroup2") {
			continue
		}
		all = append(all, hierarchy{mount: f[4], root: f[3], options: strings.Split(s[2], ","), v2: s[0] == "cgroup2"})
	}
	return all
}

// path is where the group lies that /proc/self/cgroup names for a controller;
// "" is that of v2.
func (h hierarchy) path(self []byte, controller string) string {
	for _, line := range strings.Split(string(self), "\n") {
		f := strings.SplitN(line, ":", 3)
		if len(f) != 3 || !slices.Contains(strings.Split(f[1], ","), controller) {
			continue
		}
		if rel, err := filepath.Rel(h.root, f[2]); err == nil && !strings.HasPrefix(rel, "..") {
			return filepath.Join(h.mount, rel)
		}
		return h.mount
	}
	return ""
}

// fenceDir returns the caller's own group of v2 if groups can be made there.
func fenceDir(mountinfo, self []byte) string {
	for _, h := range hierarchies(mountinfo) {
		if !h.v2 {
			continue
		}
		dir := h.path(self, "")
		if dir != "" && unix.Access(dir, unix.W_OK) == nil && unix.Access(filepath.Join(dir, "cgroup.procs"), unix.W_OK) == nil {
			return dir
		}
	}
	return ""
}

// groupDirs tells from /proc/self/mountinfo and /proc/self/cgroup in which
// directories groups with limits of memory and processes can be made.
func groupDirs(mountinfo, self []byte) (dirs []string, v2 bool, err error) {
	all := hierarchies(mountinfo)
	for _, h := range all {
		if !h.v2 {
			continue
		}
		for dir := h.path(self, ""); dir != ""; dir = filepath.Dir(dir) {
			control, err := readFile(filepath.Join(dir, "cgroup.subtree_control"))
			has := strings.Fields(string(control))
			if err == nil && slices.Contains(has, "memory") && slices.Contains(has, "pids") && unix.Access(dir, unix.W_OK) == nil {
				return []string{dir}, true, nil
			}
			if !strings.HasPrefix(dir, h.mount+"/") {
				break // dir is the mount
			}
		}
	}
	for _, controller := range []string{"memory", "pids"} {
		found := false
		for _, h := range all {
			if !h.v2 && slices.Contains(h.options, controller) {
				if dir := h.path(self, controller); dir != "" {
					dirs, found = append(dirs, dir), true
					break
				}
			}
		}
		if !found {
			return nil, false, fmt.Errorf("no cgroup with the %s controller", controller)
		}
	}
	return dirs, false, nil
}

// startTime returns field 22 of /proc/PID/stat, in clock ticks since boot.
func startTime(stat []byte) string {
	// The second field, the name, may hold blanks and brackets.
	_, rest, _ := strings.Cut(string(stat[bytes.LastIndexByte(stat, ')')+1:]), " ")
	if f := strings.Fields(rest); len(f) > 19 {
		return f[19]
	}
	return "0"
}

// hostName is what the names of a Host's groups begin with.
func hostName() (string, error) {
	stat, err := readFile("/proc/self/stat")
	if err != nil {
		return "", err
	}
	var pids unix.Stat_t
	if err := unix.Stat("/proc/self/ns/pid", &pids); err != nil {
		return "", fmt.Errorf("look at PID namespace: %w", err)
	}
	return fmt.Sprintf("%s%d-%s-%d-%s-", groupPrefix, os.Getpid(), startTime(stat), pids.Ino, randomLetters(6)), nil
}

func (g *groups) paths(number int64) []string {
	p := make([]string, len(g.dirs))
	for i, dir := range g.dirs {
		p[i] = filepath.Join(dir, g.name+strconv.FormatInt(number, 10))
	}
	return p
}

// next returns a group that is yet to be made.
func (g *groups) next() *group {
	if g == nil {
		return nil
	}
	return &group{g: g, dirs: g.paths(g.made.Add(1) - 1), owner: -1}
}

// flags are what a clone3(2) of the group's first process needs.
func (gr *group) flags() uint64 {
	if gr != nil && gr.g.v2 {
		return unix.CLONE_INTO_CGROUP
	}
	return 0
}

// make appends what makes a group of v2, which its first process is born in: it
// opens it for the arguments of clone3(2) at the address clone.
func (gr *group) make(s *script, l Limits, clone uintptr) {
	if gr.flags() == 0 {
		return
	}
	dir := gr.dirs[0]
	limit := func(file, value string, must bool) {
		s.writeFile("limit cgroup: "+file, filepath.Join(dir, file), value, must)
	}
	s.do("make cgroup "+dir, unix.SYS_MKDIRAT, atFDCWD, s.str(dir), 0o755)
	limit("cgroup.max.descendants", strconv.Itoa(gr.descendants()), true)
	if gr.g.limits {
		limit("memory.max", strconv.FormatInt(l.Memory, 10), true)
		limit("pids.max", strconv.Itoa(l.Processes), true)
	}
	// Where there is swap, memory.max alone would only push it there.
	limit("memory.swap.max", "0", false)
	inner := s.str(filepath.Join(dir, box))
	s.do("make cgroup "+dir, unix.SYS_MKDIRAT, atFDCWD, inner, 0o755)
	gr.delegate(s)
	s.do("open cgroup "+dir, unix.SYS_OPENAT, atFDCWD, inner, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0).
		to(clone + unsafe.Offsetof(cloneArgs{}.cgroup))
}

// makeOld makes a group of v1, while the janitor makes init, which joins it later.
// It is the janitor that removes it, at the checker's end at the latest.
func (gr *group) makeOld(l Limits) error {
	if gr == nil || gr.g.v2 {
		return nil
	}
	for i, dir := range gr.dirs {
		if !slices.Contains(gr.dirs[:i], dir) { // both controllers may be in one hierarchy
			if err := unix.Mkdir(dir, 0o755); err != nil {
				return fmt.Errorf("make cgroup %s: %w", dir, err)
			}
		}
		file, value := "memory.limit_in_bytes", l.Memory
		if i > 0 {
			file, value = "pids.max", int64(l.Processes)
		}
		if err := writeAt(unix.AT_FDCWD, filepath.Join(dir, file), strconv.FormatInt(value, 10)); err != nil {
			return fmt.Errorf("limit cgroup: %w", err)
		}
	}
	return nil
}

// enter appends what moves the process into the group, unless it was born there.
// A thread that moves itself, by writing "0", needs no lock on all threads of the
// machine, which would cost an RCU grace period of some 10 ms.
func (gr *group) enter(s *script) {
	if gr == nil || gr.g.v2 {
		return
	}
	for _, dir := range gr.dirs {
		s.writeFile("join cgroup", filepath.Join(dir, "tasks"), "0", true)
	}
}

// remove appends what removes the group, for up to 5 s as long as processes are
// still leaving it.
func (gr *group) remove(s *script) {
	if gr == nil {
		return
	}
	// SIGALRM ends a process that has to wait for too long.
	words := func(v ...uint64) (b []byte) {
		for _, w := range v {
			b = binary.NativeEndian.AppendUint64(b, w)
		}
		return b
	}
	const patience = 5                                                         // s
	second, pause := s.bytes(words(0, 0, patience, 0)), s.bytes(words(0, 1e6)) // struct itimerval, timespec
	s.do("reset SIGALRM", unix.SYS_RT_SIGACTION, uintptr(unix.SIGALRM), s.bytes(make([]byte, 32)), 0, 8)
	s.do("set alarm", unix.SYS_SETITIMER, unix.ITIMER_REAL, second, 0)
	s.do("unblock SIGALRM", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.word(^uint64(1<<(unix.SIGALRM-1))), 0, 8)
	dirs := gr.dirs
	if gr.g.v2 {
		dirs = []string{filepath.Join(dirs[0], box), dirs[0]}
	}
	for _, dir := range dirs {
		var again, busy, done place
		s.here(&again)
		s.try("remove cgroup "+dir, unix.SYS_UNLINKAT, atFDCWD, s.str(dir), unix.AT_REMOVEDIR).on(exactly(errnoResult(unix.EBUSY)), &busy)
		s.jump(&done)
		s.here(&busy)
		if gr.owner >= 0 {
			removeBelow(s, dir)
		}
		s.try("pause", unix.SYS_NANOSLEEP, pause, 0)
		s.jump(&again)
		s.here(&done)
	}
}

// errnoResult is what a system call returns for an error.
func errnoResult(e unix.Errno) uint64 { return ^uint64(e) + 1 }

// limited tells whether the group keeps limits; a nil group does not.
func (gr *group) limited() bool { return gr != nil && gr.g.limits }

// counters are files of a group that count how often its limits were met. They
// are opened while there is time: what is read of them later is of then.
type counters struct {
	memory, processes int
	own               int // of v2: events of the group itself, not of those below
}

func (gr *group) openCounters() counters {
	open := func(dir, file string) int {
		fd, err := unix.Open(filepath.Join(dir, file), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err != nil {
			return -1
		}
		return fd
	}
	switch {
	case !gr.limited():
		return counters{-1, -1, -1}
	case gr.g.v2:
		return counters{open(gr.dirs[0], "memory.events"), open(gr.dirs[0], "pids.events"), open(gr.dirs[0], "memory.events.local")}
	}
	return counters{open(gr.dirs[0], "memory.oom_control"), open(gr.dirs[1], "pids.events"), -1}
}

func (c *counters) close() { closeFD(&c.memory); closeFD(&c.processes); closeFD(&c.own) }

// hits tells whether the limits of memory and processes were met.
func (c *counters) hits() (memory, processes bool) {
	met := func(fd int, key string) bool {
		var b [1024]byte
		n, err := unix.Pread(fd, b[:], 0)
		if err != nil {
			return false
		}
		for line := range strings.Lines(string(b[:n])) {
			if v, ok := strings.CutPrefix(line, key+" "); ok {
				return strings.TrimSpace(v) != "0"
			}
		}
		return false
	}
	if c.own >= 0 && !met(c.own, "oom") {
		return false, met(c.processes, "max") // what limits of groups below did is not for us to tell
	}
	return met(c.memory, "oom_kill"), met(c.processes, "max")
}

// randomLetters returns n random lower-case letters.
func randomLetters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(rand.IntN(26))
	}
	return string(b)
}
