// Package grade turns the findings of scenarios into verdicts and scores. It is
// pure: it runs nothing, reads nothing and keeps nothing.
//
// # Scores
//
// A step that passes earns its points, one that fails earns none. The maximum
// of a check is the sum of the points of the steps that could be judged:
//
//   - A step whose verdict is error (the checker broke, or could not tell)
//     leaves the maximum, together with the steps that had to wait for it alone.
//     So an error costs nothing: what remains is scored as if that step were
//     not there. It earns nothing either: nobody may gain by breaking the
//     checker. The verdict of the whole is error, and a score kept from an
//     earlier check must not be replaced by it.
//   - A step that is skipped because this machine lacks a feature leaves the
//     maximum in the same way; the verdict of the whole is skip, unless another
//     step failed.
//   - A step that is skipped because an earlier one failed stays in the maximum.
package grade

import (
	"errors"
	"slices"
	"time"

	"pidone/checker/scenario"
)

// A Verdict is what a step, or a whole check, came to.
type Verdict string

// The verdicts.
const (
	Pass  Verdict = "pass"
	Fail  Verdict = "fail"
	Skip  Verdict = "skip"  // an earlier step must pass first, or this machine lacks a feature
	Error Verdict = "error" // the checker broke or could not tell: not the learner's fault
)

// Exit statuses of the checker.
const (
	ExitPass  = 0
	ExitFail  = 1
	ExitError = 2 // an error, bad usage, or not all could be run
)

// A Check is one submission checked against one exercise, or against some of
// its steps.
type Check struct {
	Exercise   string       `json:"exercise"`   // "03-namespace-isolation"
	Submission string       `json:"submission"` // its folder
	Verdict    Verdict      `json:"verdict"`
	Score      int          `json:"score"`
	MaxScore   int          `json:"max_score"`
	DurationMS int64        `json:"duration_ms"`
	Steps      []StepResult `json:"steps"`
	Build      Build        `json:"build"`
}

// A StepResult is what one step came to.
type StepResult struct {
	Step     int                `json:"step"`
	Title    string             `json:"title"`
	Verdict  Verdict            `json:"verdict"`
	Score    int                `json:"score"`
	MaxScore int                `json:"max_score"` // the step's points, whether they count or not
	Findings []scenario.Finding `json:"findings"`  // never null
	Reason   string             `json:"reason,omitempty"`
	Try      string             `json:"try,omitempty"` // what to do about an error, where it is known
	// Needs holds the steps that would have had to pass first, if that is why
	// the step was skipped.
	Needs []int `json:"needs,omitempty"`
}

// Build is what compiling the submission came to.
type Build struct {
	OK     bool      `json:"ok"`
	Errors []Message `json:"errors"` // never null
}

// A Message is one of the compiler's.
type Message struct {
	File string `json:"file"` // as the learner knows it
	Line int    `json:"line"` // from 1; 0 if there is none
	Col  int    `json:"col"`
	Text string `json:"text"`
}

// A Step names a step and what it is worth.
type Step struct {
	Number int    `json:"number"`
	Title  string `json:"title"`
	Points int    `json:"points"`
}

// Judged returns the result of a step whose scenario was judged, as
// scenario.Judge returned it.
func Judged(step Step, outcome scenario.Outcome, err error) StepResult {
	r := StepResult{Step: step.Number, Title: step.Title, MaxScore: step.Points, Findings: []scenario.Finding{}}
	if err == nil {
		err = outcome.Err
	}
	switch {
	case err != nil:
		r.Verdict, r.Reason = Error, err.Error()
		if u := (*scenario.Undecided)(nil); errors.As(err, &u) {
			r.Try = u.Try
		}
	case outcome.Skipped != "":
		r.Verdict, r.Reason, r.Needs = Skip, outcome.Skipped, slices.Clone(outcome.Unmet)
	case outcome.Checks == 0:
		r.Verdict, r.Reason = Error, "the scenario checks nothing"
	case len(outcome.Failed) > 0 || len(outcome.Findings) > 0:
		r.Verdict, r.Findings = Fail, append(r.Findings, outcome.Findings...)
	default:
		r.Verdict, r.Score = Pass, step.Points
	}
	return r
}

// waitsForProgram is why the later steps of a submission that does not compile
// were skipped.
const waitsForProgram = "waits until the program compiles"

// NotBuilt returns the results of all steps of a submission that does not
// compile: the first fails with that finding, the others wait for it.
func NotBuilt(steps []Step, finding scenario.Finding) []StepResult {
	var results []StepResult
	for i, step := range steps {
		r := StepResult{Step: step.Number, Title: step.Title, MaxScore: step.Points, Findings: []scenario.Finding{}}
		if i == 0 {
			r.Verdict, r.Findings = Fail, []scenario.Finding{finding}
		} else {
			r.Verdict, r.Reason, r.Needs = Skip, waitsForProgram, []int{steps[0].Number}
		}
		results = append(results, r)
	}
	return results
}

// Only returns the result of one step alone, the one at index i. Without a program
// it has what the first has, because nobody sees that one.
func Only(steps []StepResult, i int) []StepResult {
	r := steps[i]
	if r.Verdict == Skip && r.Reason == waitsForProgram {
		r.Verdict, r.Reason, r.Needs, r.Findings = Fail, "", nil, slices.Clone(steps[0].Findings)
	}
	return []StepResult{r}
}

// Unchanged puts the finding that a submission is still the skeleton in front
// of its first failed step: what is found there follows from it.
func Unchanged(steps []StepResult, finding scenario.Finding) {
	for i := range steps {
		if steps[i].Verdict == Fail {
			steps[i].Findings = scenario.Lead(finding, steps[i].Findings)
			return
		}
	}
}

// Passed returns the steps that have passed: what scenario.Script asks for.
func Passed(steps []StepResult) map[int]bool {
	passed := map[int]bool{}
	for _, s := range steps {
		if s.Verdict == Pass {
			passed[s.Step] = true
		}
	}
	return passed
}

// Sum adds the results of the steps, in their order, up to a check. It marks
// findings whose cause an earlier step has told.
func Sum(exercise, submission string, steps []StepResult, build Build, took time.Duration) Check {
	c := Check{
		Exercise: exercise, Submission: submission, DurationMS: took.Milliseconds(),
		Steps: []StepResult{}, Build: build,
	}
	if c.Build.Errors == nil {
		c.Build.Errors = []Message{}
	}
	for _, s := range steps {
		s.Findings = append([]scenario.Finding{}, s.Findings...)
		for i := range s.Findings {
			s.Findings[i].SameAs = toldIn(c.Steps, s.Findings[i].Cause)
		}
		c.Steps = append(c.Steps, s)
	}
	counts := Counted(c.Steps)
	for i, s := range c.Steps {
		c.Score += s.Score
		if counts[i] {
			c.MaxScore += s.MaxScore
		}
	}
	c.Verdict = overall(c.Steps)
	return c
}

// toldIn returns the first of the steps with a finding that tells the cause, or 0.
func toldIn(steps []StepResult, cause string) int {
	for _, s := range steps {
		for _, f := range s.Findings {
			if cause != "" && scenario.Covers(f.Cause, cause) {
				return s.Step
			}
		}
	}
	return 0
}

// Counted tells for each step whether its points belong to the maximum.
func Counted(steps []StepResult) []bool {
	counts := make([]bool, len(steps))
	at := map[int]int{}
	for i, s := range steps {
		at[s.Step] = i
		switch s.Verdict {
		case Pass, Fail:
			counts[i] = true
		case Skip: // it counts if one of those that it waits for failed
			counts[i] = slices.ContainsFunc(s.Needs, func(n int) bool {
				j, known := at[n]
				return !known || j < i && counts[j]
			})
		}
	}
	return counts
}

// overall is the verdict of all steps together.
func overall(steps []StepResult) Verdict {
	counts := Counted(steps)
	verdict := Pass
	for i, s := range steps {
		switch {
		case s.Verdict == Error:
			return Error
		case s.Verdict == Fail, s.Verdict == Skip && counts[i]:
			verdict = Fail
		case s.Verdict == Skip && verdict == Pass:
			verdict = Skip
		}
	}
	if len(steps) == 0 {
		return Error
	}
	return verdict
}

// ExitStatus returns the exit status of the checker for the verdicts of all
// that it checked: ExitPass only if there was something and all of it passed;
// ExitError if one is an error, or was skipped because this machine cannot run
// it, or nothing was run; ExitFail otherwise.
func ExitStatus(verdicts ...Verdict) int {
	status := ExitPass
	for _, v := range verdicts {
		switch v {
		case Pass:
		case Fail:
			status = max(status, ExitFail)
		default:
			status = ExitError
		}
	}
	if len(verdicts) == 0 {
		return ExitError
	}
	return status
}
