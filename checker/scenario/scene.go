package scenario

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/evidence"
)

// A RunSpec says how a scenario wants the submission to be started.
type RunSpec struct {
	Args      []string `json:"args,omitempty"`       // of the first process, without the program's own name
	ChildExit int      `json:"child_exit,omitempty"` // evidence.Inject; 0: nothing is injected
}

// Key is equal for equal specs and for no others. What runs submissions keeps
// their evidence under it, so that scenarios share runs.
func (s RunSpec) Key() string {
	var key strings.Builder
	key.WriteString(strconv.Itoa(s.ChildExit))
	for _, arg := range s.Args {
		key.WriteString(" " + strconv.Quote(arg))
	}
	return key.String()
}

// A Runner runs the submission once, or finds the evidence of having done so.
// Its error means that there is no evidence; it is never the submission's
// fault.
type Runner func(ctx context.Context, spec RunSpec) (*evidence.Run, error)

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
	if !strings.HasPrefix(cause, "unshare") && !strings.HasPrefix(cause, "flag") {
		return s
	}
	siblings, err := filepath.Glob(filepath.Join(filepath.Dir(s.Path), "*.txtar"))
	if err != nil {
		return s
	}
	for _, path := range siblings {
		number, _, _ := strings.Cut(filepath.Base(path), "-")
		step, err := strconv.Atoi(number)
		lines, unreadable := readScript(path)
		if err != nil || unreadable != nil || !slices.ContainsFunc(lines, func(l line) bool { return strings.HasPrefix(l.text, "child in-new ") }) {
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

	skipped string
	unmet   []int
	err     error
}

// over tells whether the rest of the script has nothing more to say.
func (s *scene) over() bool { return s.err != nil || s.skipped != "" }

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
	if s.script.Args != nil {
		spec.Args = s.script.Args
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

func (s *scene) gather(spec RunSpec) (*facts, error) {
	if err := s.ctx.Err(); err != nil {
		return nil, err
	}
	run, err := s.run(s.ctx, spec)
	if err != nil {
		return nil, err
	}
	return study(run)
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
	return fail, nil
}
