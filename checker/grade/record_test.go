package grade

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"pidone/checker/scenario"
)

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{
		"ada_lovelace-2.zip": "ada_lovelace-2.zip",
		"":                   "=",
		"..":                 "=2E.",
		"-rf":                "=2Drf",
		"a/b":                "a=2Fb",
		"a=2Fb":              "a=3D2Fb",
		"Zoë Ångström":       "Zo=C3=AB=20=C3=85ngstr=C3=B6m",
	} {
		assert.Equal(t, want, FileName(name))
	}
	long := strings.Repeat("x", 300)
	assert.Len(t, FileName(long), maxFileName)
	assert.NotEqual(t, FileName(long), FileName(long+"y"))
}

func TestTally(t *testing.T) {
	class := Class{Steps: []Step{{Number: 1, Points: 40}, {Number: 2, Points: 60}}}
	assert.Equal(t, 100, class.MaxScore())
	tally := NewTally(class)
	fail := func(step int, cause string, sameAs int) StepResult {
		return StepResult{Step: step, Verdict: Fail, Findings: []scenario.Finding{{Cause: cause, SameAs: sameAs}}}
	}
	pass := StepResult{Step: 1, Verdict: Pass, Score: 40}
	tally.Add(&Entry{Name: "a", Check: Check{Verdict: Fail, Score: 40, MaxScore: 100, Steps: []StepResult{pass, fail(2, "no-child", 0)}}})
	tally.Add(&Entry{Name: "b", Check: Check{Verdict: Fail, MaxScore: 100, Steps: []StepResult{fail(1, "no-child", 0), fail(2, "no-child", 1)}}})
	tally.Add(&Entry{Name: "c", Check: Check{Verdict: Fail, Score: 40, MaxScore: 100, Steps: []StepResult{pass, fail(2, "no-child", 0)}}})
	tally.Add(&Entry{Name: "d", Check: Check{Verdict: Error, Steps: []StepResult{{Step: 1, Verdict: Error}}}})
	assert.Equal(t, 4, tally.Submissions)
	assert.Equal(t, map[Verdict]int{Fail: 3, Error: 1}, tally.Verdicts)
	assert.Equal(t, map[int]int{40: 2, 0: 1}, tally.Scores)
	assert.Equal(t, map[Verdict]int{Fail: 3}, tally.Steps[1].Verdicts)
	causes := tally.Causes()
	assert.Len(t, causes, 2)
	assert.Equal(t, CauseTally{Step: 2, Cause: "no-child", Count: 2, Name: "a", Example: scenario.Finding{Cause: "no-child"}}, causes[0])
	assert.Equal(t, 1, causes[1].Step)
}
