package sandbox

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// slots is how many sandboxes of one Host can have groups at the same time.
const slots = 32

// groupPrefix begins the name of every cgroup of ours; the checker's pid and
// start time follow, so that a later checker knows which were left behind, and
// letters for the Host, of which one checker may have several.
const groupPrefix = "pidone-"

// groups makes cgroups below those that the checker is in. Version 2 is used
// where it has the controllers, else version 1.
type groups struct {
	v2     bool
	limits bool     // keep limits; else they are a fence only, in v2: see box
	dirs   []string // where groups are made: one for v2, one a controller for v1
	name   string

	mu   sync.Mutex
	used [slots]bool

	janitor int // its pidfd
	pid     int
	alive   int // our end of the pipe that the janitor waits for
}

// box is the group in a group of v2 that the sandbox's processes are in, and
// the highest that they can see, as the root of their cgroup namespace.
//
// An ordinary user's sandbox is of the same id outside as the user, who may own
// the groups: it may write to files of the box, and kill or freeze what is in
// there. It must not reach the limits, which are those of the group above, nor
// the group that the checker is in, nor make groups that would stay.
const box = "box"

// group is one sandbox's cgroup: one directory in v2, one a controller in v1.
type group struct {
	g    *groups
	slot int
	dirs []string
	// join are descriptors of the tasks files, to be joined by writing "0". A
	// thread that moves itself needs no lock on all threads of the machine,
	// which would cost an RCU grace period of some 10 ms.
	join []int
	into int // v2: descriptor of the directory, for CLONE_INTO_CGROUP; else -1
}

// openGroups finds out where groups can be made. Where they cannot keep limits
// it says why in an error, and returns nil or groups that are a fence alone.
func openGroups() (*groups, error) {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return nil, err
	}
	g := &groups{alive: -1, janitor: -1, limits: true}
	g.name = fmt.Sprintf("%s%d-%s-%s-", groupPrefix, os.Getpid(), startTime(stat), randomLetters(6))
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
	g.sweep()
	if err := g.startJanitor(); err != nil {
		return nil, fmt.Errorf("start janitor: %w", err)
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
	for sc := bufio.NewScanner(bytes.NewReader(mountinfo)); sc.Scan(); {
		before, after, ok := strings.Cut(sc.Text(), " - ")
		f, s := strings.Fields(before), strings.Fields(after)
		if !ok || len(f) < 5 || len(s) < 3 || (s[0] != "cgroup" && s[0] != "cgroup2") {
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
			control, err := os.ReadFile(filepath.Join(dir, "cgroup.subtree_control"))
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

func (g *groups) paths(slot int) []string {
	p := make([]string, len(g.dirs))
	for i, dir := range g.dirs {
		p[i] = filepath.Join(dir, g.name+strconv.Itoa(slot))
	}
	return p
}

// acquire makes a group with those limits.
func (g *groups) acquire(l Limits) (_ *group, err error) {
	g.mu.Lock()
	slot := slices.Index(g.used[:], false)
	if slot >= 0 {
		g.used[slot] = true
	}
	g.mu.Unlock()
	if slot < 0 {
		return nil, fmt.Errorf("make cgroup: %d sandboxes at once, at most %d", slots+1, slots)
	}
	gr := &group{g: g, slot: slot, into: -1}
	defer func() {
		if err != nil {
			gr.release()
		}
	}()
	memory, processes := strconv.FormatInt(l.Memory, 10), strconv.Itoa(l.Processes)
	for i, dir := range g.paths(slot) {
		// Both controllers of v1 may be in one hierarchy.
		if err := os.Mkdir(dir, 0o755); err != nil && !slices.Contains(gr.dirs, dir) {
			return nil, fmt.Errorf("make cgroup: %w", err)
		}
		gr.dirs = append(gr.dirs, dir)
		set := map[string]string{}
		switch {
		case g.v2:
			set["cgroup.max.descendants"] = "1"
			if g.limits {
				set["memory.max"], set["pids.max"] = memory, processes
			}
		case i == 0:
			set["memory.limit_in_bytes"] = memory
		default:
			set["pids.max"] = processes
		}
		for name, value := range set {
			if err := writeExisting(filepath.Join(dir, name), value); err != nil {
				return nil, fmt.Errorf("limit cgroup: %w", err)
			}
		}
		if g.v2 {
			// Where there is swap, memory.max alone would only push it there.
			_ = writeExisting(filepath.Join(dir, "memory.swap.max"), "0")
			if err := os.Mkdir(filepath.Join(dir, box), 0o755); err != nil {
				return nil, fmt.Errorf("make cgroup: %w", err)
			}
			gr.into, err = unix.Open(filepath.Join(dir, box), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		} else {
			var fd int
			fd, err = unix.Open(filepath.Join(dir, "tasks"), unix.O_WRONLY|unix.O_CLOEXEC, 0)
			if err == nil {
				gr.join = append(gr.join, fd)
			}
		}
		if err != nil {
			return nil, fmt.Errorf("open cgroup %s: %w", dir, err)
		}
	}
	return gr, nil
}

// writeExisting writes value to a file that the kernel made; os.WriteFile would create it.
func writeExisting(path, value string) error {
	fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte(value)); err != nil {
		return fmt.Errorf("write %q to %s: %w", value, path, err)
	}
	return nil
}

// limited tells whether the group keeps limits; a nil group does not.
func (gr *group) limited() bool { return gr != nil && gr.g.limits }

// hits tells whether the limits of memory and processes were met.
func (gr *group) hits() (memory, processes bool) {
	count := func(dir, file, key string) bool {
		data, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			return false
		}
		for _, line := range strings.Split(string(data), "\n") {
			if v, ok := strings.CutPrefix(line, key+" "); ok {
				return strings.TrimSpace(v) != "0"
			}
		}
		return false
	}
	if gr.g.v2 {
		return count(gr.dirs[0], "memory.events", "oom_kill"), count(gr.dirs[0], "pids.events", "max")
	}
	return count(gr.dirs[0], "memory.oom_control", "oom_kill"), count(gr.dirs[1], "pids.events", "max")
}

// closeJoin closes the descriptors by which the group is joined.
func (gr *group) closeJoin() {
	for _, fd := range gr.join {
		unix.Close(fd)
	}
	gr.join = nil
	if gr.into >= 0 {
		unix.Close(gr.into)
		gr.into = -1
	}
}

// release removes the group; every process in it must have been reaped.
func (gr *group) release() error {
	gr.closeJoin()
	dirs := gr.dirs
	if gr.g.v2 && len(dirs) > 0 {
		dirs = []string{filepath.Join(dirs[0], box), dirs[0]}
	}
	var errs []error
	for _, dir := range dirs {
		var err error
		for range 200 {
			if err = unix.Rmdir(dir); err != unix.EBUSY {
				break
			}
			time.Sleep(time.Millisecond) // a process is still leaving
		}
		if err != nil && err != unix.ENOENT {
			errs = append(errs, fmt.Errorf("remove cgroup %s: %w", dir, err))
		}
	}
	if len(errs) == 0 { // else its name stays taken
		gr.g.mu.Lock()
		gr.g.used[gr.slot] = false
		gr.g.mu.Unlock()
	}
	return errors.Join(errs...)
}

// randomLetters returns n random lower-case letters.
func randomLetters(n int) string {
	b := make([]byte, n)
	rand.Read(b) // never fails
	for i := range b {
		b[i] = 'a' + b[i]%26
	}
	return string(b)
}
