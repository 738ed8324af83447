package scenario

import (
	"fmt"

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
			about: "While the command ran its group had no more than about half of a processor by the kernel's count in cpu.stat, and was throttled; or it had less, because the machine had no more for it. No signal ended it.",
			parse: func(args []string) (action, error) { return noArgs(args, commandThrottled) },
		},
		{
			head: "groups removed", check: true,
			about: "A control group was made, and when all was over no group was there that had not been there before.",
			parse: func(args []string) (action, error) { return noArgs(args, groupsRemoved) },
		},
		{
			head: "host unlimited", check: true,
			about: "At no time was a control group limited that had been there when the run began, nor did one hand on fewer controllers to those below; and when the command ended the first process was in no group with a limit.",
			parse: func(args []string) (action, error) { return noArgs(args, hostUnlimited) },
		},
	}
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
	kills := f.counted(looks, counter(looks[0], f.groupOf(looks[0]), "memory.events"), "memory.events", "oom_kill")
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
	if e := f.ran().by.Exit; e != nil && e.Signal != "" {
		return &failure{want, f.cutShort(looks)}, nil
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
	if len(left) > 0 {
		return &failure{want, f.cutOff(f.groupLeft(left))}, nil
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
