package command

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"pidone/checker/batch"
	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
)

// grader grades many submissions of one exercise.
type grader struct {
	*judging
	session  *session
	warm     *warmer
	kit      string // a hash of what judges
	checker  string // a hash of this program
	goes     string // the compiler's version, and where runs take place
	evidence bool   // keep it
}

// classOf is what an exercise's submissions are graded for.
func classOf(e *course.Exercise) grade.Class {
	return grade.Class{Exercise: e.ID, Title: e.Title, Steps: gradeSteps(e)}
}

// hashOf returns a hash of what v is as JSON.
func hashOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("hash %T: %v", v, err)) // only plain data is given
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:16])
}

// kitHash is a hash of all in the kit that verdicts and findings depend on.
func (j *judging) kitHash() (string, error) {
	type step struct {
		Step   course.Step
		Script []byte
	}
	all := struct {
		ID, Title, Page string
		Imports         []string
		Steps           []step
		Skeleton        any
		Payload         [][]byte
	}{ID: j.exercise.ID, Title: j.exercise.Title, Page: j.exercise.Page, Imports: j.exercise.Imports, Skeleton: j.skeleton}
	for _, s := range j.exercise.Steps {
		script, err := os.ReadFile(filepath.Join(j.root, s.Scenario))
		if err != nil {
			return "", fmt.Errorf("read scenario: %w", err)
		}
		plain := *s
		plain.Hints = nil // no finding has their text
		all.Steps = append(all.Steps, step{plain, script})
	}
	// The program that the kit has run in containers.
	payload, err := filepath.Glob(filepath.Join(j.root, "checker", "payload", "*.go"))
	if err != nil {
		return "", fmt.Errorf("read payload: %w", err)
	}
	for _, name := range payload {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("read payload: %w", err)
		}
		all.Payload = append(all.Payload, text)
	}
	return hashOf(all), nil
}

// checkerHash is a hash of the running program.
func checkerHash() (string, error) {
	f, err := os.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("read the checker's own file: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("read the checker's own file: %w", err)
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// keyOf is a record's key: what its result depends on.
func keyOf(kit, checker, goes, submission string) string {
	return hashOf([]string{kit, checker, goes, submission})
}

// handedIn is one submission of many, opened: a batch.Submission.
type handedIn struct {
	g    *grader
	name string
	hash string // of the submission
	in   *opened
}

func (h *handedIn) Key() string { return keyOf(h.g.kit, h.g.checker, h.g.goes, h.hash) }

func (h *handedIn) Close() {}

func (h *handedIn) Broken(why string) *batch.Attempt {
	return h.g.attempt(h, time.Now(), h.g.broken(errors.New(why)), grade.Build{})
}

// attempt puts together what grading a submission came to.
func (g *grader) attempt(h *handedIn, start time.Time, steps []grade.StepResult, built grade.Build) *batch.Attempt {
	check := grade.Sum(g.exercise.ID, h.in.folder, steps, built, time.Since(start))
	return &batch.Attempt{Record: &grade.Record{
		Key: h.Key(), Started: start.UTC().Truncate(time.Millisecond),
		Entry:   grade.Entry{Name: h.name, Check: check},
		Sources: []grade.Source{},
	}}
}

// Grade compiles the submission, runs it, and judges.
func (h *handedIn) Grade(ctx context.Context, turn *batch.Turn) (*batch.Attempt, error) {
	g, start := h.g, time.Now()
	kept := &batch.Evidence{Submission: h.hash, Checker: g.checker, Go: g.goes}
	finish := func(a *batch.Attempt) *batch.Attempt {
		if g.evidence {
			kept.Started = a.Record.Started
			a.Evidence = kept
		}
		return a
	}
	if p := h.in.problem; p != nil && p.Ours {
		kept.Unread = p.String()
		return finish(g.attempt(h, start, g.broken(p), grade.Build{})), nil
	} else if p != nil {
		finding := g.findingOf(p)
		kept.Refused = &finding
		return finish(g.attempt(h, start, g.refused(finding), grade.Build{})), nil
	}
	g.warm.begin(ctx, g.exercise.ID)
	request := h.in.request()
	request.Stock = g.warm.stock
	b, err := g.session.compile(ctx, g.exercise, request)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return finish(g.attempt(h, start, g.broken(err), grade.Build{})), nil
	}
	g.warm.add(ctx, b.Cold)
	built := g.built(b)
	if !b.OK {
		a := g.attempt(h, start, g.notBuilt(built.Errors), built)
		a.Record.Sources, a.Doubt = sources(b.Sources), doubtBuild(b, g.session.building.Time)
		return finish(a), nil
	}
	var first *evidence.Run
	kept.Package = h.in.sub.Package
	kept.Recording = scenario.Recording{Exercise: g.exercise.ID, Args: g.args}
	run := firstRun(kept.Recording.Record(g.session.runner(b, turn)), &first)
	steps, _ := g.asked(kept).steps(ctx, run)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	g.findUnchanged(steps, h.in.file)
	a := g.attempt(h, start, steps, built)
	a.Record.Sources, a.Record.Run = sources(b.Sources), shownRun(first)
	a.Doubt = doubt(&kept.Recording, g.session.slowness())
	return finish(a), nil
}

// asked is the same judging, which keeps in the evidence what features
// scenarios ask for.
func (j *judging) asked(kept *batch.Evidence) *judging {
	own := *j
	if j.lacks == nil {
		return &own
	}
	kept.Lacks = map[string]string{}
	own.lacks = func(feature string) (string, error) {
		why, err := j.lacks(feature)
		if err == nil {
			kept.Lacks[feature] = why
		}
		return why, err
	}
	return &own
}

// idle is how much of its first second a run may have used of the CPUs, or
// waited for them, and still be one that only waits.
const idle = sandbox.StillAfter / 5

// runner returns a scenario.Runner that runs the submission each time. While a
// run only waits, as one does that will reach its limit of time, another
// submission has its turn.
func (s *session) runner(b *build.Result, turn *batch.Turn) scenario.Runner {
	return func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
		cmd := s.command(b.Program, spec.Args)
		cmd.Still = func(cpu, waited time.Duration) {
			if cpu+waited < idle {
				turn.Lend()
			}
		}
		defer turn.Resume()
		return s.recordCommand(ctx, b, cmd, spec, false)
	}
}

// Limits of what of a run is kept for reports.
const (
	shownOutput    = 64 << 10 // bytes of a stream
	shownText      = 256      // bytes of one write
	shownEvents    = 1000
	shownProcesses = 500
)

// shownRun is a run cut to what reports show.
func shownRun(run *evidence.Run) *evidence.Run {
	if run == nil {
		return nil
	}
	short := *run
	short.Stdout.Data = run.Stdout.Data[:min(len(run.Stdout.Data), shownOutput)]
	short.Stderr.Data = run.Stderr.Data[:min(len(run.Stderr.Data), shownOutput)]
	short.Processes = run.Processes[:min(len(run.Processes), shownProcesses)]
	short.Events = nil
	for _, e := range run.Events[:min(len(run.Events), shownEvents)] {
		if e.Process >= len(short.Processes) {
			continue
		}
		if len(e.Data) > shownText {
			cut := *e
			cut.Data, cut.Cut = e.Data[:shownText], true
			e = &cut
		}
		short.Events = append(short.Events, e)
	}
	return &short
}
