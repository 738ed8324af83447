package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// checks are the sentences that assert.
func checks() []sentence {
	return slices.Concat(childChecks(), commandChecks(), groupChecks(), volumeChecks(), networkChecks(), runChecks())
}

// kinds are the types of namespaces that a child can be asked to be new in.
func kinds() []string {
	return []string{"pid", "uts", "mnt", "net", "ipc", "user", "cgroup", "time"}
}

func childChecks() []sentence {
	return []sentence{
		{
			head: "child exists", check: true,
			about: "There is a child.",
			parse: func(args []string) (action, error) { return noArgs(args, childExists) },
		},
		{
			head: "child in-new", usage: "KIND...", check: true,
			about: "The child is in namespaces of these kinds that are not the host's: " + strings.Join(kinds(), ", ") + ".",
			parse: func(args []string) (action, error) {
				if err := wordArgs(args, kinds()...); err != nil {
					return nil, err
				}
				kinds := slices.Clone(args)
				return func(s *scene) (*failure, error) { return childInNew(s, kinds) }, nil
			},
		},
		{
			head: "child pid", usage: "N", check: true,
			about: "The child, asking for its own pid, is told N.",
			parse: func(args []string) (action, error) {
				n, err := numberArg(args, 1, 1<<22)
				return func(s *scene) (*failure, error) { return childPID(s, n) }, err
			},
		},
		{
			head: "child hostname new", check: true,
			about: "The child's hostname is one that the host never had.",
			parse: func(args []string) (action, error) { return noArgs(args, childHostname) },
		},
		{
			head: "child runs program", check: true,
			about: "The child executed the submission's own program.",
			parse: func(args []string) (action, error) { return noArgs(args, childRuns) },
		},
		{
			head: "child goes its own way", check: true,
			about: "The program tells its child's run from its first: what it started of itself did not start itself for ever; or, started `alone`, it does something else than without those arguments, starts nothing and exits with 0.",
			parse: func(args []string) (action, error) { return noArgs(args, childOwnWay) },
		},
		{
			head: "child wired", usage: "stdin|stdout|stderr...", check: true,
			about: "Those standard streams of the child, when it became its program, were neither /dev/null nor closed.",
			parse: func(args []string) (action, error) {
				if err := wordArgs(args, "stdin", "stdout", "stderr"); err != nil {
					return nil, err
				}
				streams := slices.Clone(args)
				return func(s *scene) (*failure, error) { return childWired(s, streams) }, nil
			},
		},
		{
			head: "child exits", usage: "[0]", check: true,
			about: "The child ended by itself and not by a panic; with 0: and its exit status was 0.",
			parse: func(args []string) (action, error) {
				if len(args) == 0 {
					return func(s *scene) (*failure, error) { return childExits(s, false) }, nil
				}
				_, err := numberArg(args, 0, 0)
				return func(s *scene) (*failure, error) { return childExits(s, true) }, err
			},
		},
	}
}

func childExists(s *scene) (*failure, error) {
	if s.facts.child != nil {
		return nil, nil
	}
	return &failure{"a child process", s.facts.noChild()}, nil
}

func childInNew(s *scene, kinds []string) (*failure, error) {
	f := s.facts
	missing := kinds
	if f.child != nil {
		missing = nil
		for _, kind := range kinds {
			if err := f.knows(f.child, kind); err != nil {
				return nil, err
			}
			if !f.isNew(f.child, kind) {
				missing = append(missing, kind)
			}
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	var words []string
	for _, kind := range missing {
		words = append(words, kindWord(kind))
	}
	article := "a"
	if missing[0] == "ipc" {
		article = "an"
	}
	want := fmt.Sprintf("the child in %s %s namespace of its own", article, words[0])
	if len(words) > 1 {
		want = fmt.Sprintf("the child in %s namespaces of its own", list(words))
	}
	return &failure{want, f.notIn(missing)}, nil
}

func childPID(s *scene, n int) (*failure, error) {
	f := s.facts
	want := fmt.Sprintf("the child to be pid %d", n)
	switch {
	case f.child == nil:
		return &failure{want, f.noChild()}, nil
	case f.child.PIDSelf() == n:
		return nil, nil
	case f.child.PIDSelf() == 0:
		return nil, fmt.Errorf("judge evidence: the child's pid is not known")
	}
	if err := f.knows(f.child, "pid"); err != nil {
		return nil, err
	}
	if !f.isNew(f.child, "pid") {
		return &failure{want, f.notIn([]string{"pid"})}, nil
	}
	return &failure{want, because{
		cause: "not-pid-1",
		saw:   fmt.Sprintf("the child is pid %d of its PID namespace", f.child.PIDSelf()),
		try:   "let it be the first process that is made in that namespace",
	}}, nil
}

func childHostname(s *scene) (*failure, error) {
	f := s.facts
	if f.child != nil {
		if err := f.knows(f.child, "uts"); err != nil {
			return nil, err
		}
		if slices.Contains(f.newNames(), state(f.child).Hostname) {
			return nil, nil
		}
	}
	return &failure{"the child with a hostname of its own", f.oldHostname()}, nil
}

func childRuns(s *scene) (*failure, error) {
	f := s.facts
	const want = "a child that runs this very program"
	if f.child == nil {
		return &failure{want, f.noChild()}, nil
	}
	if executedSelf(f.child) > 0 {
		return nil, nil
	}
	if b, ok := f.notStarted(); ok {
		return &failure{want, b}, nil
	}
	b := because{
		cause: "not-itself",
		saw:   "the child executed nothing",
		try:   "start /proc/self/exe: that is the program itself",
	}
	if n := len(f.child.Execs); n > 0 {
		b.saw = "the child executed " + word(f.child.Execs[n-1].Path)
	}
	return &failure{want, b}, nil
}

func childOwnWay(s *scene) (*failure, error) {
	b, ok, err := s.ownWay()
	if ok || err != nil {
		return nil, err
	}
	return &failure{"a run for the child that differs from the first", b}, nil
}

func childWired(s *scene, streams []string) (*failure, error) {
	f := s.facts
	want := "the child with the program's own " + list(streams)
	if f.child == nil {
		return &failure{want, f.noChild()}, nil
	}
	if b, ok := f.notStarted(); ok {
		return &failure{want, b}, nil
	}
	if loose := f.unwired(streams...); len(loose) > 0 {
		return &failure{want, f.notWired(loose)}, nil
	}
	return nil, nil
}

func childExits(s *scene, zero bool) (*failure, error) {
	f := s.facts
	want := "the child to end by itself"
	if zero {
		want = "the child to exit with 0"
	}
	if f.child != nil && f.ended(f.child) && f.child.Exit.Signal == "" {
		_, panicked := f.panicked(f.child)
		_, loop := f.loop()
		if !loop && !panicked && (!zero || f.child.Exit.Code == 0) {
			return nil, nil
		}
	}
	return &failure{want, f.childBad()}, nil
}

// printedCame tells whether one of the printings came out.
func printedCame(found []printing) bool {
	return slices.ContainsFunc(found, func(p printing) bool { return p.came })
}

// theFirst is the first process as a list.
func (f *facts) theFirst() []*evidence.Process { return []*evidence.Process{f.first} }
