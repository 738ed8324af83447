package command

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/export"
	"pidone/checker/grade"
	"pidone/checker/report"
	"pidone/checker/scenario"
)

// request is what check and trace read from their arguments.
type request struct {
	course   *course.Course
	exercise *course.Exercise // nil: all of them, see all.go
	step     *course.Step     // nil: all of them
	dir      string           // absolute
	name     string           // of the submission, as the learner knows it
	own      bool             // it is the learner's own exercise
	args     []string         // nil: the scenario's own
	format   string
	place    place
}

// request parses the arguments that check and trace have in common.
func (a *app) request(command string, args []string) (*request, error) {
	fs := flag.NewFlagSet(command, flag.ContinueOnError)
	dir := fs.String("submission", "", "the submission's folder; default: exercises/NN-*/")
	formats := []string{"text", "json"}
	if command == "check" {
		formats = append(formats, export.Single()...)
	}
	format := fs.String("format", "text", strings.Join(formats, ", "))
	var p place
	p.flags(fs)
	positional, rest, dashes, err := parse(fs, args)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(formats, *format) {
		return nil, fmt.Errorf("no format %q; there are %s", *format, strings.Join(formats, ", "))
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	r := &request{course: c, format: *format, place: p, dir: *dir}
	if r.args, err = arguments(rest, dashes); err != nil {
		return nil, err
	}
	// make passes an empty word on where there is no STEP.
	positional = slices.DeleteFunc(positional, func(s string) bool { return s == "" })
	if command == "check" && slices.Equal(positional, []string{"all"}) {
		return r, r.everything()
	}
	if command == "check" && len(positional) == 0 && *dir == "" {
		e, err := a.firstOpen(c)
		if err != nil {
			return nil, err
		}
		positional = []string{e.Number}
	}
	if r.exercise, r.step, err = selected(c, positional); err != nil {
		return nil, err
	}
	// Arguments that the exercise cannot be started with are a slip of the pen.
	spec, err := scenario.FirstRun(filepath.Join(a.root, r.exercise.Steps[0].Scenario), r.args)
	if err != nil {
		return nil, err
	}
	if err := haveImage(spec.Image); err != nil {
		return nil, err
	}
	r.dir, r.name, r.own, err = a.submission(*dir, r.exercise)
	return r, err
}

// check checks one submission against one exercise or one step of it.
func (a *app) check(args []string) int {
	req, err := a.request("check", args)
	if err != nil {
		return a.fail(err)
	}
	if req.exercise == nil {
		return a.checkAll(req)
	}
	if slices.Contains(export.Single(), req.format) {
		return a.checkFor(req)
	}
	s, code, entered, err := a.openSessionAt(req.place)
	if err != nil {
		return a.notChecked(req, err)
	}
	if entered {
		return code
	}
	defer s.close()
	j, err := a.judge(s, req)
	if err != nil {
		return a.notChecked(req, err)
	}
	result := &j.check
	if req.format == "json" {
		err = report.JSON(a.out, result)
	} else {
		err = report.Text(a.out, result, a.reportContext(req, j.first), a.reportOptions())
	}
	if err != nil {
		return a.fail(fmt.Errorf("write result: %w", err))
	}
	a.keepScore(req, result)
	a.warm(s, j.cold)
	return grade.ExitStatus(result.Verdict)
}

// keepScore remembers the score of a learner's own exercise.
func (a *app) keepScore(req *request, result *grade.Check) {
	if !req.own || req.args != nil || req.step != nil || result.Verdict == grade.Error {
		return
	}
	if err := a.remember(req.exercise.ID, result.Score); err != nil {
		a.tell("%v", err)
	}
}

// notChecked says why there is no result: in JSON too, for programs.
func (a *app) notChecked(req *request, err error) int {
	if req.format == "json" && a.ctx.Err() == nil {
		c := brokenCheck(a.root, req, err)
		if err := report.JSON(a.out, &c); err != nil {
			return a.fail(fmt.Errorf("write result: %w", err))
		}
	}
	return a.fail(err)
}

// judged is what judging a submission came to.
type judged struct {
	check    grade.Check
	outcomes []scenario.Outcome // of the steps of the exercise, if it was run
	first    *evidence.Run      // the first run; nil if there was none
	cold     []string           // for warm
}

// judge builds the submission, runs it as the scenarios want it, and judges.
func (a *app) judge(s *session, req *request) (*judged, error) {
	start := time.Now()
	done := a.progress("compiling " + req.name)
	b, err := s.build(a.ctx, req.exercise, req.dir)
	done()
	if err != nil {
		return nil, err
	}
	return a.judgeBuilt(s, req, b, start)
}

// judgeBuilt is judge for what was compiled since start.
func (a *app) judgeBuilt(s *session, req *request, b *build.Result, start time.Time) (*judged, error) {
	j := &judged{cold: b.Cold}
	by := newJudging(a.root, req.exercise)
	by.args, by.shown, by.lacks = req.args, req.name, s.lacks(a.ctx)
	built := by.built(b)
	var steps []grade.StepResult
	if !b.OK {
		steps = by.notBuilt(built.Errors)
	} else {
		var err error
		if by.scratch, err = s.scratch(); err != nil {
			return nil, err
		}
		done := a.progress("running " + req.name)
		defer done()
		if err := s.await(); err != nil {
			return nil, err
		}
		steps = onceMore(a.ctx, func(alone bool) ([]grade.StepResult, string) {
			return a.runAndJudge(s, b, by, j, alone)
		})
		done()
		if err := a.ctx.Err(); err != nil {
			return nil, err
		}
		by.findUnchanged(steps, func(base string) (string, []byte, bool) {
			text, err := os.ReadFile(filepath.Join(req.dir, base))
			return base, text, err == nil
		})
	}
	j.check = grade.Sum(req.exercise.ID, req.name, stepOf(steps, req.step), built, time.Since(start))
	return j, nil
}

// onceMore judges, and judges again with nothing beside the runs where the checker
// could not tell, or has its doubts: a busy machine may be the reason, unless it is
// known what is.
func onceMore(ctx context.Context, judge func(alone bool) (steps []grade.StepResult, doubt string)) []grade.StepResult {
	steps, doubt := judge(false)
	unknown := func(r grade.StepResult) bool { return r.Verdict == grade.Error && r.Try == "" }
	if ctx.Err() == nil && (doubt != "" || slices.ContainsFunc(steps, unknown)) {
		steps, _ = judge(true)
	}
	return steps
}

// runAndJudge runs a program as the scenarios want it, and judges.
func (a *app) runAndJudge(s *session, b *build.Result, by *judging, j *judged, alone bool) (steps []grade.StepResult, why string) {
	j.first = nil
	runs := s.runs(a.ctx, b, by.wanted(), alone)
	defer runs.close()
	var kept scenario.Recording
	steps, j.outcomes = by.steps(a.ctx, firstRun(kept.Record(runs.run), &j.first))
	return steps, doubt(&kept, s.slowness())
}

// remember keeps the score reached.
func (a *app) remember(exercise string, score int) error {
	st, err := readState(a.root)
	if err != nil {
		return err
	}
	p := st.exercise(exercise)
	if p.Checked && p.Last == score && p.Best >= score {
		return nil
	}
	p.Last, p.Best, p.Checked = score, max(p.Best, score), true
	return st.write(a.root)
}

// warm compiles what was missing from the user's build cache, now that the
// learner has his result.
func (a *app) warm(s *session, cold []string) {
	if len(cold) == 0 {
		return
	}
	done := a.progress("preparing the next check")
	defer done()
	// Without it the next check is slow again, no more.
	_ = build.Warm(a.ctx, build.Request{Kit: a.root, Tools: s.tools}, cold)
}

func (a *app) reportContext(req *request, first *evidence.Run) report.Context {
	x := report.Context{Run: first, Folder: req.name, Next: a.next(req)}
	if first != nil {
		x.Child = scenario.Child(first)
	}
	return x
}

// next says what comes after a pass.
func (a *app) next(req *request) string {
	if !req.own {
		return ""
	}
	if req.step != nil && req.step.Number < len(req.exercise.Steps) {
		return fmt.Sprintf("make check STEP=%s.%d", req.exercise.Number, req.step.Number+1)
	}
	if req.step != nil {
		return ""
	}
	var pages []string
	for _, e := range req.course.After(req.exercise.ID) {
		pages = append(pages, e.Page)
	}
	if len(pages) == 0 {
		return ""
	}
	return "look at it: make trace STEP=" + req.exercise.Number + "; then go on with " + strings.Join(pages, " or ")
}

func (a *app) reportOptions() report.Options {
	s := screenOf(a.out)
	return report.Options{Color: s.colour, Width: s.width, ASCII: !s.unicode}
}

// notCompiled shows the compiler's messages, where there is nothing to judge.
func (a *app) notCompiled(name string, b *build.Result) int {
	for _, m := range b.Errors {
		m.File = filepath.Join(name, m.File)
		fmt.Fprintln(a.err, printable(m.String()))
	}
	return failed
}

// trace runs a submission once and draws what the kernel saw.
func (a *app) trace(args []string) int {
	req, err := a.request("trace", args)
	if err != nil {
		return a.fail(err)
	}
	s, code, entered, err := a.openSessionAt(req.place)
	if err != nil {
		return a.fail(err)
	}
	if entered {
		return code
	}
	defer s.close()
	done := a.progress("compiling " + req.name)
	b, err := s.build(a.ctx, req.exercise, req.dir)
	done()
	if err != nil {
		return a.fail(err)
	}
	if !b.OK {
		return a.notCompiled(req.name, b)
	}
	done = a.progress("running " + req.name)
	defer done()
	if err := s.await(); err != nil {
		done()
		return a.fail(err)
	}
	spec, err := scenario.FirstRun(filepath.Join(a.root, req.exercise.Steps[0].Scenario), req.args)
	var run *evidence.Run
	if err == nil {
		run, err = s.record(a.ctx, b, spec)
	}
	done()
	if err != nil {
		return a.fail(err)
	}
	if run.End.Broken != "" {
		return a.fail(errors.New(run.End.Broken))
	}
	if req.format == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(run)
	} else {
		err = report.Trace(a.out, run, scenario.Child(run), a.reportOptions())
	}
	if err != nil {
		return a.fail(fmt.Errorf("write result: %w", err))
	}
	return passed
}
