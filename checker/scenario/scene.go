package scenario

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A Script is one scenario, and what a caller knows about its step.
type Script struct {
	Path     string // of the .txtar file
	Exercise string // "03-namespace-isolation"
	Step     int    // 2
	Page     string // "docs/03-namespace-isolation.md"
	Anchor   string // of the step's heading in the page, without "#"
	// Anchors are those of all steps by number, as far as they are known. A
	// finding of which the cause belongs to another step leads there.
	Anchors map[int]string

	// Args replaces the arguments of every container line; nil leaves them.
	Args []string
	// Lacks says why this machine lacks a feature of Features; "" if it has it.
	// Its error says that it could not be told. Nil: it has all.
	Lacks func(feature string) (why string, err error)
	// Passed holds the steps of the exercise that have passed.
	Passed map[int]bool

	// WorkDir is a folder that exists; testscript makes folders in it and leaves
	// them there. Empty: a new one of the system's temporary folder, removed at
	// the end, but not if the process is killed before.
	WorkDir string
}

// hint returns where the page helps with the step, and the command that asks
// for a hint, as far as they are known.
func (s *Script) hint() (link, ask string) {
	if s.Page != "" {
		link = s.Page
		if s.Anchor != "" {
			link += "#" + s.Anchor
		}
	}
	if number, _, ok := strings.Cut(s.Exercise, "-"); ok && s.Step > 0 {
		ask = fmt.Sprintf("make hint STEP=%s.%d", number, s.Step)
	}
	return link, ask
}

// home returns the script of the step to which a cause belongs: flags that are
// not as they should be are the matter of the step that first checks for new
// namespaces, though its siblings may be the first to fail of them.
func (s *Script) home(cause string) *Script {
	var checks []string
	switch {
	case strings.HasPrefix(cause, "unshare"), strings.HasPrefix(cause, "flag"):
		checks = []string{"child in-new ", "command in-new "}
	case slices.Contains([]string{"no-group", "parent-in-group", "joined-late", "not-in-group"}, cause):
		checks = []string{"command in own group"}
	case strings.HasPrefix(cause, "command-"):
		checks = []string{"command runs"}
	default:
		return s
	}
	has := func(l line) bool {
		return slices.ContainsFunc(checks, func(check string) bool { return strings.HasPrefix(l.text, check) })
	}
	siblings, err := filepath.Glob(filepath.Join(filepath.Dir(s.Path), "*.txtar"))
	if err != nil {
		return s
	}
	for _, path := range siblings {
		number, _, _ := strings.Cut(filepath.Base(path), "-")
		step, err := strconv.Atoi(number)
		lines, unreadable := readScript(path)
		if err != nil || unreadable != nil || !slices.ContainsFunc(lines, has) {
			continue
		}
		if step == s.Step {
			return s
		}
		other := *s
		other.Step, other.Anchor = step, s.Anchors[step]
		return &other
	}
	return s
}

// finding makes a finding of a failure in a line of the script.
func (s *Script) finding(file string, l line, fail *failure) Finding {
	link, ask := s.home(fail.cause).hint()
	return Finding{
		Check: l.text, File: file, Line: l.number,
		Want: fail.want, Saw: fail.saw, Why: fail.why, Try: fail.try,
		Hint: link, Ask: ask, Cause: fail.cause, At: fail.at,
	}
}

// An Outcome is what judging one scenario came to.
type Outcome struct {
	Checks   int       // how many checks the scenario has
	Failed   []int     // the lines of those that failed, in order
	Findings []Finding // one for each cause, first causes first; none: it passed
	Skipped  string    // why it was not judged, if so
	Unmet    []int     // the steps that would have to pass first
	Err      error     // we broke or cannot tell; the rest says nothing then
}

// Undecided is the error of a check that cannot be decided where the submission was run,
// for the sake of something that the program does; Try says what decides it.
type Undecided struct{ Reason, Try string }

func (u *Undecided) Error() string { return u.Reason }

// A scene is where a script stands while it is run.
type scene struct {
	ctx    context.Context
	script *Script
	run    Runner

	spec      RunSpec
	facts     *facts // of the last container line
	natural   *facts // of the last container line without injection
	aloneSpec *RunSpec
	aloneRun  *facts // of aloneSpec, once it was needed

	folders  []string // of the runs to come
	features []string // of their host

	skipped string
	unmet   []int
	stopped bool // the rest of the lines is left out
	err     error
}

// over tells whether the rest of the script has nothing more to say.
func (s *scene) over() bool { return s.err != nil || s.skipped != "" || s.stopped }

// require skips the script unless all these steps have passed.
func (s *scene) require(steps []int) {
	for _, n := range steps {
		if !s.script.Passed[n] {
			s.unmet = append(s.unmet, n)
		}
	}
	if len(s.unmet) > 0 {
		s.skipped = "waits until " + stepWords(s.unmet) + " passed"
	}
}

// stopUntil leaves the rest of the script out unless all these steps have passed.
func (s *scene) stopUntil(steps []int) {
	s.stopped = slices.ContainsFunc(steps, func(n int) bool { return !s.script.Passed[n] })
}

func stepWords(steps []int) string {
	var words []string
	for _, n := range steps {
		words = append(words, strconv.Itoa(n))
	}
	if len(steps) == 1 {
		return "step " + words[0] + " has"
	}
	return "steps " + list(words) + " have"
}

// start starts the submission and takes its evidence.
func (s *scene) start(spec RunSpec) error {
	spec.Folders, spec.Features = s.folders, s.features
	spec, err := spec.with(s.script.Args)
	if err != nil {
		return err
	}
	f, err := s.gather(spec)
	if err != nil {
		return err
	}
	s.spec, s.facts = spec, f
	if spec.ChildExit == 0 {
		s.natural = f
	}
	return nil
}

// alone returns the facts of the run with the child's arguments alone.
func (s *scene) alone() (*facts, error) {
	if s.aloneSpec == nil {
		return nil, fmt.Errorf("the scenario has no line that starts the submission alone")
	}
	if s.aloneRun == nil {
		f, err := s.gather(*s.aloneSpec)
		if err != nil {
			return nil, err
		}
		s.aloneRun = f
	}
	return s.aloneRun, nil
}

// gather takes the evidence of a run. A program that wants more of its host than the
// scenario gives it, because it does what another exercise is about as well, gets
// that where the machine has it: it is run once more.
func (s *scene) gather(spec RunSpec) (*facts, error) {
	f, err := s.once(spec)
	if err != nil {
		return nil, err
	}
	more := s.more(f, spec.Features)
	if len(more) == 0 {
		return f, nil
	}
	spec.Features = slices.Concat(spec.Features, more)
	again, err := s.once(spec)
	if errors.Is(err, ErrNotRecorded) {
		return f, nil
	}
	return again, err
}

func (s *scene) once(spec RunSpec) (*facts, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	run, err := s.run(s.ctx, spec)
	if err != nil {
		return nil, err
	}
	return study(run)
}

// more returns the features that the program of a run wanted, its host had not, and
// this machine has.
func (s *scene) more(f *facts, had []string) []string {
	var more []string
	nat := len(f.wanted("nat")) > 0 || f.missesFilter()
	wants := map[string]bool{"cgroup2": f.missesGroups(), "veth": nat, "nat": nat}
	for _, name := range Features() {
		if !wants[name] || slices.Contains(had, name) {
			continue
		}
		if s.script.Lacks != nil {
			if why, err := s.script.Lacks(name); err != nil || why != "" {
				continue
			}
		}
		more = append(more, name)
	}
	return more
}

// feature skips the script unless the machine has all these features, and gives
// them to the host of the runs to come.
func (s *scene) feature(names []string) error {
	s.features = append(s.features, names...)
	for _, name := range names {
		if err := s.need(name); err != nil {
			return err
		}
	}
	return nil
}

// need skips the script unless the machine has a feature.
func (s *scene) need(name string) error {
	if s.script.Lacks == nil || s.skipped != "" {
		return nil
	}
	why, err := s.script.Lacks(name)
	if err != nil {
		return fmt.Errorf("look for %s: %w", name, err)
	}
	if why != "" {
		s.skipped = "this machine lacks " + name + ": " + why
	}
	return nil
}

// lacking skips the script if the program wants what this machine lacks: that
// it failed says nothing then.
func (s *scene) lacking() (bool, error) {
	for _, name := range Features() {
		if len(s.facts.wanted(name)) > 0 {
			if err := s.need(name); err != nil {
				return false, err
			}
		}
	}
	return s.skipped != "", nil
}

// check runs one asserting line. A submission that hides fails every check.
func (s *scene) check(do action) (*failure, error) {
	if s.facts == nil {
		return nil, fmt.Errorf("the scenario asserts before it has a container line")
	}
	fail, err := do(s)
	if err != nil {
		return nil, err
	}
	for _, f := range []*facts{s.facts, s.aloneRun} {
		if f != nil && f.run.End.Hiding != "" {
			return &failure{"a submission that the recorder can see", because{
				cause: "hiding",
				saw:   "an attempt to hide from the recorder: " + lastLine(f.run.End.Hiding),
				try:   "leave that call out: no exercise needs it",
			}}, nil
		}
	}
	if fail != nil {
		if lacking, err := s.lacking(); lacking || err != nil {
			return nil, err
		}
		if s.facts.tracedTwice() {
			return nil, &Undecided{
				"the program has one of its processes traced with ptrace, as SysProcAttr.Ptrace does: every process has one tracer, and here that is the recorder (EPERM); without ptrace it can be checked",
				"leave ptrace out, then check again",
			}
		}
		if what := s.facts.beyond(fail); what != "" {
			number, _, _ := strings.Cut(s.script.Exercise, "-")
			try := fmt.Sprintf("make check STEP=%s VM=1 AS=root", number)
			return nil, &Undecided{
				fmt.Sprintf("the program wants to %s: root of a user namespace, as in the sandbox, may not, real root may: %s", what, try), try,
			}
		}
	}
	return fail, nil
}
