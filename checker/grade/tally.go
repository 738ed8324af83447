package grade

import (
	"cmp"
	"slices"

	"pidone/checker/scenario"
)

// A Tally counts what the submissions of a class came to. NewTally makes one.
type Tally struct {
	Submissions int
	Verdicts    map[Verdict]int
	// Scores counts submissions by the share of the maximum that they scored,
	// in whole percent. One whose maximum is 0, because nothing of it could be
	// told, is not in it.
	Scores map[int]int
	Steps  []StepTally
	causes map[causeKey]*CauseTally
}

// A StepTally counts the verdicts of one step.
type StepTally struct {
	Step
	Verdicts map[Verdict]int
}

// A CauseTally counts the submissions that failed at a step for a cause.
type CauseTally struct {
	Step    int
	Cause   string
	Count   int
	Example scenario.Finding // the first submission's
	Name    string           // that submission
}

type causeKey struct {
	step  int
	cause string
}

// NewTally returns an empty tally for a class.
func NewTally(c Class) *Tally {
	t := &Tally{Verdicts: map[Verdict]int{}, Scores: map[int]int{}, causes: map[causeKey]*CauseTally{}}
	for _, s := range c.Steps {
		t.Steps = append(t.Steps, StepTally{Step: s, Verdicts: map[Verdict]int{}})
	}
	return t
}

// Add counts one submission.
func (t *Tally) Add(e *Entry) {
	t.Submissions++
	t.Verdicts[e.Verdict]++
	if e.MaxScore > 0 {
		t.Scores[100*e.Score/e.MaxScore]++
	}
	for _, s := range e.Steps {
		for i := range t.Steps {
			if t.Steps[i].Number == s.Step {
				t.Steps[i].Verdicts[s.Verdict]++
			}
		}
		// The first finding is the first cause; the others follow or come to light later.
		if len(s.Findings) == 0 || s.Findings[0].SameAs != 0 {
			continue
		}
		key := causeKey{s.Step, s.Findings[0].Cause}
		c := t.causes[key]
		if c == nil {
			c = &CauseTally{Step: s.Step, Cause: key.cause, Example: s.Findings[0], Name: e.Name}
			t.causes[key] = c
		}
		c.Count++
	}
}

// Causes returns what most submissions failed for, most first. What an earlier
// step has told already is not counted again.
func (t *Tally) Causes() []CauseTally {
	var all []CauseTally
	for _, c := range t.causes {
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b CauseTally) int {
		return cmp.Or(b.Count-a.Count, a.Step-b.Step, cmp.Compare(a.Cause, b.Cause))
	})
	return all
}
