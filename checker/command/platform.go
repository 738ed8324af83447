package command

import (
	"bufio"
	"errors"
	"fmt"
	"path"
	"time"

	"pidone/checker/batch"
	"pidone/checker/course"
	"pidone/checker/export"
	"pidone/checker/grade"
	"pidone/checker/intake"
	"pidone/checker/sandbox"
)

// checkFor checks one submission for a platform, and writes the report in its
// format. The submission is taken as grade takes one: the program may lie
// anywhere in it. There is a report whatever happens: an error of ours is a
// verdict.
func (a *app) checkFor(req *request) int {
	s, code, entered, err := a.openSessionAt(req.place)
	if entered {
		return code
	}
	var r *grade.Record
	if err == nil {
		defer s.close()
		r, err = a.recordFor(s, req)
	}
	if a.ctx.Err() != nil {
		return a.fail(a.ctx.Err())
	}
	if err != nil {
		a.fail(err)
		r = &grade.Record{Started: time.Now().UTC(), Entry: grade.Entry{Check: brokenCheck(a.root, req, err)}}
	} else if why := whyError(&r.Entry.Check); why != "" {
		a.tell("%s could not be graded: %s", printable(req.name), printable(why))
	}
	r.Entry.Name = req.name
	class := classOf(req.exercise)
	if req.step != nil {
		class.Steps = class.Steps[req.step.Number-1 : req.step.Number]
	}
	out := bufio.NewWriter(a.out)
	if err := errors.Join(export.One(out, req.format, class, r), out.Flush()); err != nil {
		return a.fail(fmt.Errorf("write result: %w", err))
	}
	return grade.ExitStatus(r.Entry.Verdict)
}

// recordFor grades the submission of a request, a second time where the first
// came to an error or left a doubt.
func (a *app) recordFor(s *session, req *request) (*grade.Record, error) {
	g, err := a.grader(s, &gradeRequest{exercise: req.exercise})
	if err != nil {
		return nil, err
	}
	g.args = req.args
	c := &class{
		dir: req.dir, wanted: wanted(req.course, req.exercise),
		entries: map[string]intake.Entry{req.name: {Name: req.name, Path: req.dir}},
	}
	done := a.progress("checking " + req.name)
	defer done()
	var got *batch.Attempt
	for range 2 {
		h, err := g.entry(c)(a.ctx, req.name)
		if err != nil {
			return nil, err
		}
		if got, err = h.Grade(a.ctx, nil); err != nil {
			return nil, err
		}
		if got.Record.Entry.Verdict != grade.Error && got.Doubt == "" {
			break
		}
	}
	r := got.Record
	check := &r.Entry.Check
	took := time.Duration(check.DurationMS) * time.Millisecond
	*check = grade.Sum(check.Exercise, path.Join(req.name, check.Submission), stepOf(check.Steps, req.step), check.Build, took)
	return r, nil
}

// brokenCheck says of all steps that were asked for why nothing was told.
func brokenCheck(root string, req *request, err error) grade.Check {
	var refused *sandbox.RefusedError
	if errors.As(err, &refused) && refused.Remedy != "" {
		err = fmt.Errorf("%w; what helps: %s", err, refused.Remedy)
	}
	steps := newJudging(root, req.exercise).broken(err)
	return grade.Sum(req.exercise.ID, req.name, stepOf(steps, req.step), grade.Build{}, 0)
}

// whyError says why a check came to an error, if it did.
func whyError(c *grade.Check) string {
	for _, s := range c.Steps {
		if s.Verdict == grade.Error {
			return s.Reason
		}
	}
	return ""
}

// stepOf keeps the result of one step, or all if step is nil.
func stepOf(all []grade.StepResult, step *course.Step) []grade.StepResult {
	if step == nil {
		return all
	}
	return grade.Only(all, step.Number-1)
}
