package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"strings"
	"time"

	"pidone/checker/batch"
	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
)

// regrade judges again what was recorded. It runs nothing of a submission's,
// and needs no rights but those to the folder.
func (a *app) regrade(args []string) int {
	fs := flag.NewFlagSet("regrade", flag.ContinueOnError)
	format := fs.String("format", "", "more reports")
	dirs, rest, _, err := parse(fs, args)
	if err != nil {
		return a.fail(err)
	}
	dirs = append(dirs, rest...)
	if len(dirs) != 1 || dirs[0] == "" {
		return a.fail(fmt.Errorf("say which folder to judge again, the OUT of checker grade --evidence: checker regrade report; got %q", dirs))
	}
	formats, err := extraFormats(*format)
	if err != nil {
		return a.fail(err)
	}
	dir, err := absolute(dirs[0])
	if err != nil {
		return a.fail(err)
	}
	if _, err := batch.ReadManifest(dir); err != nil {
		return a.fail(err) // before anything is made in a folder that is not ours
	}
	store, err := batch.OpenStore(dir)
	if err != nil {
		return a.fail(err)
	}
	defer store.Close()
	m, err := a.judgeAgain(store)
	if err != nil {
		return a.fail(err)
	}
	return a.reports(dir, dirs[0], m, formats)
}

// again is what judging recorded submissions needs.
type again struct {
	*judging
	store   *batch.Store
	kit     string
	checker string
}

// judgeAgain judges every submission of the store's class by its evidence.
func (a *app) judgeAgain(store *batch.Store) (*batch.Manifest, error) {
	m, err := batch.ReadManifest(store.Dir())
	if err != nil {
		return nil, err
	}
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	e, _, err := c.Find(m.Class.Exercise)
	if err != nil {
		return nil, err
	}
	j := &again{judging: newJudging(a.root, e), store: store}
	if err := j.sound(); err != nil {
		return nil, err
	}
	if j.kit, err = j.kitHash(); err != nil {
		return nil, err
	}
	if j.checker, err = checkerHash(); err != nil {
		return nil, err
	}
	if err := j.complete(m.Share()); err != nil {
		return nil, err
	}
	if j.scratch, err = os.MkdirTemp("", "pidone-regrade-"); err != nil {
		return nil, fmt.Errorf("make scratch folder: %w", err)
	}
	defer os.RemoveAll(j.scratch)
	m.Class, m.Kit = classOf(e), j.kit
	p := a.newMeter(len(m.Share()))
	defer p.close()
	for _, name := range m.Share() {
		r, err := j.one(a.ctx, name)
		if err != nil {
			return nil, err
		}
		p.done(batch.Done{Name: name, Verdict: r.Entry.Verdict, Score: r.Entry.Score, Max: r.Entry.MaxScore})
	}
	return m, store.WriteManifest(m)
}

// complete says which submissions cannot be judged again, before any is.
func (j *again) complete(names []string) error {
	var without []string
	for _, name := range names {
		if !j.store.HasEvidence(name) {
			without = append(without, name)
		}
	}
	switch {
	case len(without) == 0:
		return nil
	case len(without) == len(names):
		return fmt.Errorf("regrade %s: no evidence was kept there: grade with --evidence", j.store.Dir())
	}
	return fmt.Errorf("regrade %s: %d of %d have no evidence (%s): the same checker grade with --evidence makes it",
		j.store.Dir(), len(without), len(names), printable(strings.Join(without[:min(len(without), 3)], ", ")))
}

// one judges one submission again, and keeps the result.
func (j *again) one(ctx context.Context, name string) (*grade.Record, error) {
	r, err := j.store.Record(name)
	if err != nil {
		return nil, err
	}
	e, err := j.store.Evidence(name)
	if err != nil {
		return nil, err
	}
	if r == nil || !e.Started.Equal(r.Started) {
		return nil, fmt.Errorf("regrade %s: the evidence is not that of the result: grade it again with --redo --only %s", name, name)
	}
	steps := j.judge(ctx, r, e)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	took := time.Duration(r.Entry.DurationMS) * time.Millisecond
	r.Entry.Check = grade.Sum(j.exercise.ID, r.Entry.Submission, steps, r.Entry.Build, took)
	checker := e.Checker
	if checker != j.checker {
		checker = hashOf([]string{e.Checker, j.checker}) // one recorded, another judged
	}
	r.Key = keyOf(j.kit, checker, e.Go, e.Submission)
	return r, j.store.KeepRecord(r)
}

func (j *again) judge(ctx context.Context, r *grade.Record, e *batch.Evidence) []grade.StepResult {
	switch {
	case e.Unread != "":
		return j.broken(errors.New(e.Unread))
	case e.Refused != nil:
		return j.refused(*e.Refused)
	case !r.Entry.Build.OK && len(r.Entry.Build.Errors) > 0:
		return j.notBuilt(r.Entry.Build.Errors)
	case !r.Entry.Build.OK:
		return r.Entry.Steps // the checker broke before anything ran
	}
	j.args = e.Recording.Args
	j.lacks = func(feature string) (string, error) {
		why, asked := e.Lacks[feature]
		if !asked {
			return "", fmt.Errorf("%s: nobody asked for that feature when it was recorded: grade the submissions again", feature)
		}
		return why, nil
	}
	steps, _ := j.steps(ctx, func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
		run, err := e.Recording.Run(ctx, spec)
		if err != nil {
			return nil, fmt.Errorf("%w: the scenario asks for a run that there was not: grade the submissions again", err)
		}
		return run, nil
	})
	j.findUnchanged(steps, func(base string) (string, []byte, bool) {
		for _, s := range r.Sources {
			if s.Path == path.Join(e.Package, base) && !s.Cut {
				return s.Path, []byte(s.Text), true
			}
		}
		return "", nil, false
	})
	return steps
}
