package scenario

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// Limits that exercise 05 asks for. 100 MB are 100 times 1000 times 1000 bytes to
// some and 100 times 1024 times 1024 to others; the kernel rounds down to pages,
// of which the largest have 64 KiB.
const (
	leastMemory = 100*1000*1000 - 64<<10
	mostMemory  = 100 << 20
	halfCPU     = 0.5
)

// unlimited is what the kernel calls a limit that is none.
const unlimited = "max"

// groupsKnown returns an error where the host's groups were not looked at.
func (f *facts) groupsKnown() error {
	if len(f.run.Groups) == 0 {
		return fmt.Errorf("judge evidence: the host's control groups were not recorded")
	}
	return nil
}

// oldGroup tells whether a group was there when the run began.
func (f *facts) oldGroup(path string) bool { return f.run.Groups[0].Of(path) != nil }

// looks returns the looks at groups from the command's first instruction until its
// end; the first is the one at its exec. The error says that there is none.
func (f *facts) looks() ([]*evidence.Groups, error) {
	c := f.ran()
	var found []*evidence.Groups
	for i := range f.run.Groups {
		g := &f.run.Groups[i]
		mine := g.Process == c.by.ID
		switch {
		case g.Seq < c.exec.Seq, len(found) == 0 && !(mine && g.When == evidence.GroupsAtExec):
			continue
		case g.When == evidence.GroupsAtEnd:
			return found, nil
		}
		found = append(found, g)
		if mine && g.When == evidence.GroupsAtExit {
			return found, nil
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("judge evidence: the control group of the command is not known")
	}
	return found, nil
}

// untold is what a check comes to that could not be made. Where that is because the
// program did more than is recorded, it failed.
func (f *facts) untold(want string, err error) (*failure, error) {
	if err == nil {
		return nil, nil
	}
	if b, ok := f.unrecorded(); ok {
		return &failure{want, b}, nil
	}
	if slices.Contains(f.run.End.Cut, "groups") {
		return &failure{want, because{
			cause: "too-much",
			saw:   "more programs were executed than control groups can be looked at for",
			try:   "have the program do less: find what it repeats",
		}}, nil
	}
	return nil, err
}

// groupOf returns the path of the command's group in a look; "" where it had gone
// by then.
func (f *facts) groupOf(look *evidence.Groups) string {
	if g := look.With(f.ran().by.ID); g != nil {
		return g.Path
	}
	return ""
}

// chain returns a group and those above it, up to the highest.
func chain(look *evidence.Groups, name string) (all []*evidence.Group) {
	for strings.HasPrefix(name, "/") {
		if g := look.Of(name); g != nil {
			all = append(all, g)
		}
		if name == "/" {
			break
		}
		name = path.Dir(name)
	}
	return all
}

// memoryOf returns memory.max of a group in bytes; ok is false where it is no limit.
func memoryOf(g *evidence.Group) (bytes int64, ok bool) {
	bytes, err := strconv.ParseInt(g.Files["memory.max"], 10, 64)
	return bytes, err == nil
}

// cpuOf returns what cpu.max lets a group have: a share of a processor, of the time
// of its period in µs. ok is false where it is no limit.
func cpuOf(g *evidence.Group) (share float64, period int64, ok bool) {
	quota, rest, _ := strings.Cut(g.Files["cpu.max"], " ")
	q, err := strconv.ParseInt(quota, 10, 64)
	period, err2 := strconv.ParseInt(rest, 10, 64)
	if err != nil || err2 != nil || period <= 0 {
		return 0, 0, false
	}
	return float64(q) / float64(period), period, true
}

// A limiting is what a group, with those above it, lets its processes have.
type limiting struct {
	by    *evidence.Group // nil: there is no limit
	value float64         // bytes of memory, or a share of a processor
}

// limitOf finds the tightest limit of a group and those above it.
func limitOf(look *evidence.Groups, name, kind string) limiting {
	var l limiting
	for _, g := range chain(look, name) {
		value, ok := 0.0, false
		if kind == "memory" {
			var bytes int64
			bytes, ok = memoryOf(g)
			value = float64(bytes)
		} else {
			value, _, ok = cpuOf(g)
		}
		if ok && (l.by == nil || value < l.value) {
			l = limiting{g, value}
		}
	}
	return l
}

// wanted tells whether it is what the exercise asks for.
func (l limiting) wanted(kind string) bool {
	if kind == "memory" {
		return l.by != nil && l.value >= leastMemory && l.value <= mostMemory
	}
	return l.by != nil && l.value == halfCPU
}

// count returns a number from one of the files of a group that count.
func count(g *evidence.Group, file, key string) int64 {
	if g == nil {
		return 0
	}
	for line := range strings.Lines(g.Files[file]) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == key {
			n, _ := strconv.ParseInt(value, 10, 64)
			return n
		}
	}
	return 0
}

// counter returns the group whose file counts for a group: itself, or where it does
// not have the controller the next one above that does.
func counter(look *evidence.Groups, name, file string) string {
	for _, g := range chain(look, name) {
		if g.Files[file] != "" {
			return g.Path
		}
	}
	return name
}

// counted returns by how much a count of a group has grown while the command ran.
// Where the group was gone before the end could be seen, the highest group tells,
// which counts for all below it.
func (f *facts) counted(looks []*evidence.Groups, name, file, key string) int64 {
	first, last := looks[0], looks[len(looks)-1]
	if last.Of(name) == nil {
		name = "/"
	}
	return count(last.Of(name), file, key) - count(first.Of(name), file, key)
}
