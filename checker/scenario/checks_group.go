package scenario

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// groupChecks are the sentences about control groups (cgroup v2). What the
// groups were is known from looks at all of them: when the run began, when the
// command was executed, whenever somebody had written to a file of a group, when the
// command was about to end, and when everything was over.
func groupChecks() []sentence {
	return []sentence{
		{
			head: "command in own group", check: true,
			about: "From its first instruction until its end the command was in a control group that had not been there when the run began, and when it ended the first process was neither in that group nor in a new one above it.",
			parse: func(args []string) (action, error) { return noArgs(args, commandInGroup) },
		},
		{
			head: "command limited", usage: "memory|cpu", check: true,
			about: "From its first instruction until its end the command's control group, with those above it, let it have 100 MB of memory (100,000,000 to 104,857,600 bytes); or half of a processor (50 ms in each 100 ms, or the same in another period).",
			parse: parseLimited,
		},
		{
			head: "command killed for memory", check: true,
			about: "The kernel killed the command because of its group's limit, and counted that in memory.events.",
			parse: func(args []string) (action, error) { return noArgs(args, commandKilled) },
		},
		{
			head: "command throttled", check: true,
			about: "While the command ran its group had no more than about half of a processor by the kernel's count in cpu.stat, and was throttled; or it had less, because the machine had no more for it.",
			parse: func(args []string) (action, error) { return noArgs(args, commandThrottled) },
		},
		{
			head: "groups removed", check: true,
			about: "A control group was made, and when all was over no group was there that had not been there before.",
			parse: func(args []string) (action, error) { return noArgs(args, groupsRemoved) },
		},
		{
			head: "host unlimited", check: true,
			about: "At no time was a control group limited that had been there when the run began; and when the command ended the first process was in no group with a limit.",
			parse: func(args []string) (action, error) { return noArgs(args, hostUnlimited) },
		},
	}
}

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

func commandInGroup(s *scene) (*failure, error) {
	f := s.facts
	const want = "the command in a control group of its own, from its first instruction on"
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	b, ok, err := f.inOwnGroup()
	if ok || err != nil {
		return f.untold(want, err)
	}
	return &failure{want, b}, nil
}

// inOwnGroup tells whether the command was in a group of its own, or why not.
func (f *facts) inOwnGroup() (because, bool, error) {
	if err := f.groupsKnown(); err != nil {
		return because{}, false, err
	}
	looks, err := f.looks()
	if err != nil {
		return because{}, false, err
	}
	for _, look := range looks {
		if at := f.groupOf(look); at != "" && f.oldGroup(at) {
			return f.notInGroup(looks, look), false, nil
		}
	}
	last := looks[len(looks)-1]
	if g := last.With(f.first.ID); g != nil && !f.oldGroup(g.Path) {
		for _, above := range chain(last, f.groupOf(looks[0])) {
			if above.Path == g.Path {
				return f.parentInGroup(g.Path), false, nil
			}
		}
	}
	return because{}, true, nil
}

func parseLimited(args []string) (action, error) {
	if err := wordArgs(args, "memory", "cpu"); err != nil {
		return nil, err
	}
	if len(args) > 1 {
		return nil, fmt.Errorf("%s is too much", args[1])
	}
	return func(s *scene) (*failure, error) { return commandLimited(s, args[0]) }, nil
}

func commandLimited(s *scene, kind string) (*failure, error) {
	f := s.facts
	want := map[string]string{
		"memory": "the command's memory limited to 100 MB, from its first instruction on",
		"cpu":    "the command limited to 50 ms of a processor in each 100 ms, from its first instruction on",
	}[kind]
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	b, ok, err := f.limited(kind)
	if ok || err != nil {
		return f.untold(want, err)
	}
	return &failure{want, b}, nil
}

// limited tells whether the command was limited as it should be, or why not.
func (f *facts) limited(kind string) (because, bool, error) {
	if err := f.groupsKnown(); err != nil {
		return because{}, false, err
	}
	looks, err := f.looks()
	if err != nil {
		return because{}, false, err
	}
	for _, look := range looks {
		at := f.groupOf(look)
		if at == "" {
			continue
		}
		if l := limitOf(look, at, kind); !l.wanted(kind) || f.oldGroup(l.by.Path) {
			return f.otherLimit(kind, looks, look, l), false, nil
		}
	}
	return because{}, true, nil
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

func commandKilled(s *scene) (*failure, error) {
	f := s.facts
	const want = "the command killed by the kernel when it took more than its limit"
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	b, ok, err := f.limited("memory")
	if err != nil {
		return f.untold(want, err)
	}
	if !ok {
		return &failure{want, b}, nil
	}
	looks, err := f.looks()
	if err != nil {
		return f.untold(want, err)
	}
	kills := f.counted(looks, f.groupOf(looks[0]), "memory.events", "oom_kill")
	exit := f.ran().by.Exit
	if kills > 0 && exit != nil && exit.Signal == "SIGKILL" {
		return nil, nil
	}
	return &failure{want, f.notKilled(kills)}, nil
}

func commandThrottled(s *scene) (*failure, error) {
	f := s.facts
	const want = "the command throttled to half of a processor"
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	b, ok, err := f.limited("cpu")
	if err != nil {
		return f.untold(want, err)
	}
	if !ok {
		return &failure{want, b}, nil
	}
	looks, err := f.looks()
	if err != nil {
		return f.untold(want, err)
	}
	limit := limitOf(looks[0], f.groupOf(looks[0]), "cpu")
	_, period, _ := cpuOf(limit.by)
	used := f.counted(looks, limit.by.Path, "cpu.stat", "usage_usec")
	periods := f.counted(looks, limit.by.Path, "cpu.stat", "nr_periods")
	throttled := f.counted(looks, limit.by.Path, "cpu.stat", "nr_throttled")
	// What is used above the limit in one period is taken off the next; half as much
	// again is far beyond that, and two periods may have begun before the count.
	most := int64(halfCPU*1.5*float64(periods*period)) + 2*period
	if periods > 0 && used <= most {
		// Not throttled: the machine had no half of a processor for it.
		return nil, nil
	}
	return &failure{want, because{
		cause: "not-throttled",
		saw:   fmt.Sprintf("its group used %d ms of a processor in %d periods of %d ms, and was throttled in %d", used/1000, periods, period/1000, throttled),
		try:   "leave the command in the group, and the limit as it is, until the command has ended",
	}}, nil
}

func groupsRemoved(s *scene) (*failure, error) {
	f := s.facts
	const want = "the container's control group made, and removed at the end"
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	if err := f.groupsKnown(); err != nil {
		return nil, err
	}
	looks, err := f.looks()
	if err != nil {
		return f.untold(want, err)
	}
	if len(f.madeGroups()) == 0 {
		return &failure{want, f.notInGroup(looks, looks[0])}, nil
	}
	end := &f.run.Groups[len(f.run.Groups)-1]
	if end.When != evidence.GroupsAtEnd {
		return nil, fmt.Errorf("judge evidence: the control groups at the end are not known")
	}
	var left []string
	for _, g := range end.All {
		if !f.oldGroup(g.Path) {
			left = append(left, g.Path)
		}
	}
	if len(left) > 0 && !f.ended(f.first) {
		return &failure{want, f.late()}, nil
	}
	if len(left) > 0 {
		return &failure{want, f.groupLeft(left)}, nil
	}
	return nil, nil
}

func hostUnlimited(s *scene) (*failure, error) {
	f := s.facts
	const want = "nothing limited but the container"
	if f.ran() == nil {
		return &failure{want, f.noCommandInGroup()}, nil
	}
	if err := f.groupsKnown(); err != nil {
		return nil, err
	}
	looks, err := f.looks()
	if err != nil {
		return f.untold(want, err)
	}
	if b, ok := f.hostLimited(looks); ok {
		return &failure{want, b}, nil
	}
	return nil, nil
}
