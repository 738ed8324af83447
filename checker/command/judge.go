package command

import (
	"context"
	"fmt"
	"path/filepath"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/skeleton"
)

// judging is by what the submissions of one exercise are judged, one or many.
// It can be used by several goroutines at once.
type judging struct {
	root     string // the kit's folder
	exercise *course.Exercise
	skeleton []skeleton.File                              // as it is generated
	args     []string                                     // nil: the scenarios' own
	scratch  string                                       // a folder for testscript
	lacks    func(feature string) (why string, err error) // scenario.Script's; nil: nothing lacks
	shown    string                                       // the submission's folder in messages and findings; "" in a batch, where each is of one submission
}

// newJudging reads what is the same for all submissions of an exercise.
func newJudging(root string, e *course.Exercise) *judging {
	// Where the kit's own solution is wrong, make verify says so; here a
	// skeleton as it came is only not told as such.
	files, _ := skeleton.Files(root, e.ID)
	return &judging{root: root, exercise: e, skeleton: files}
}

// script is a step's scenario as package scenario wants it.
func (j *judging) script(step *course.Step) scenario.Script {
	anchors := map[int]string{}
	for _, s := range j.exercise.Steps {
		anchors[s.Number] = s.Anchor
	}
	return scenario.Script{
		Anchors: anchors,
		Path:    filepath.Join(j.root, step.Scenario), Exercise: j.exercise.ID, Step: step.Number,
		Page: j.exercise.Page, Anchor: step.Anchor, Args: j.args, WorkDir: j.scratch, Lacks: j.lacks,
	}
}

func gradeStep(s *course.Step) grade.Step {
	return grade.Step{Number: s.Number, Title: s.Title, Points: s.Points}
}

func gradeSteps(e *course.Exercise) []grade.Step {
	var steps []grade.Step
	for _, s := range e.Steps {
		steps = append(steps, gradeStep(s))
	}
	return steps
}

// steps judges all steps by the runs that run yields.
func (j *judging) steps(ctx context.Context, run scenario.Runner) (results []grade.StepResult, outcomes []scenario.Outcome) {
	for _, step := range j.exercise.Steps {
		script := j.script(step)
		script.Passed = grade.Passed(results)
		outcome, err := scenario.Judge(ctx, script, run)
		results = append(results, grade.Judged(gradeStep(step), outcome, err))
		outcomes = append(outcomes, outcome)
	}
	return results, outcomes
}

// wanted returns the runs that the steps will ask for, in their order, and may ask for.
func (j *judging) wanted() []scenario.RunSpec {
	var specs []scenario.RunSpec
	for _, step := range j.exercise.Steps {
		// A scenario that cannot be read is judged as such when its turn comes.
		of, _ := scenario.Runs(filepath.Join(j.root, step.Scenario), j.args)
		specs = append(specs, of...)
	}
	return specs
}

// sound returns an error if a scenario cannot be read: then nobody can be judged
// by it, and to find that out takes no class.
func (j *judging) sound() error {
	for _, step := range j.exercise.Steps {
		if err := scenario.Lint(filepath.Join(j.root, step.Scenario)); err != nil {
			return err
		}
	}
	return nil
}

// built is what compiling came to, for a report.
func (j *judging) built(b *build.Result) grade.Build {
	built := grade.Build{OK: b.OK, Errors: []grade.Message{}}
	for _, m := range b.Errors {
		file := m.File
		if file != "" {
			file = filepath.Join(j.shown, m.File)
		}
		built.Errors = append(built.Errors, grade.Message{File: file, Line: m.Line, Col: m.Col, Text: m.Text})
	}
	return built
}

// notBuilt fails the first step of a submission that does not compile.
func (j *judging) notBuilt(errors []grade.Message) []grade.StepResult {
	first, at := "", ""
	if len(errors) > 0 {
		m := errors[0]
		first = m.Text
		if m.File != "" {
			file := m.File
			if rel, err := filepath.Rel(j.shown, m.File); err == nil && j.shown != "" {
				file = rel
			}
			if at = file; m.Line > 0 {
				at = fmt.Sprintf("%s:%d", file, m.Line)
			}
		}
	}
	return j.refused(scenario.DoesNotCompile(j.script(j.exercise.Steps[0]), first, at, len(errors) > 1))
}

// refused fails the first step of a submission that cannot be run.
func (j *judging) refused(finding scenario.Finding) []grade.StepResult {
	return grade.NotBuilt(gradeSteps(j.exercise), finding)
}

// broken says of every step why it could not be judged.
func (j *judging) broken(err error) []grade.StepResult {
	var steps []grade.StepResult
	for _, s := range gradeSteps(j.exercise) {
		steps = append(steps, grade.Judged(s, scenario.Outcome{}, err))
	}
	return steps
}

// findUnchanged tells who hands in a skeleton as it came where to begin. find
// returns a file of the program's folder, and its path in the submission.
func (j *judging) findUnchanged(steps []grade.StepResult, find func(base string) (path string, text []byte, ok bool)) {
	for _, f := range j.skeleton {
		path, text, ok := find(filepath.Base(f.Path))
		if !ok || len(f.Marks) == 0 || !skeleton.Unchanged(text, f.Content) {
			continue
		}
		for i, s := range steps {
			if s.Verdict != grade.Fail {
				continue
			}
			at := filepath.Join(j.shown, path)
			if line := skeleton.Todo(text, s.Step); line > 0 {
				at = fmt.Sprintf("%s:%d", at, line)
			}
			grade.Unchanged(steps, scenario.Unchanged(j.script(j.exercise.Steps[i]), at))
			return
		}
	}
}

// firstRun returns a Runner that keeps the first run in *first; the one after it, if that
// is the same once more with more features of the host.
func firstRun(run scenario.Runner, first **evidence.Run) scenario.Runner {
	var asked []scenario.RunSpec
	return func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
		got, err := run(ctx, spec)
		asked = append(asked, spec)
		if len(asked) == 2 && len(spec.Features) > len(asked[0].Features) {
			asked[0].Features = spec.Features
			if asked[0].Key() == spec.Key() && got != nil {
				*first = got
			}
		}
		if *first == nil {
			*first = got
		}
		return got, err
	}
}
