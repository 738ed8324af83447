package grade

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/scenario"
)

func steps() []Step {
	return []Step{{1, "Prepare the child", 20}, {2, "Add namespace isolation", 30}, {3, "Set the hostname", 30}, {4, "Test", 20}}
}

func passed() scenario.Outcome { return scenario.Outcome{Checks: 3} }

func failed(causes ...string) scenario.Outcome {
	o := scenario.Outcome{Checks: 3, Failed: []int{4}}
	for _, c := range causes {
		o.Findings = append(o.Findings, scenario.Finding{Cause: c})
	}
	return o
}

func waiting(unmet ...int) scenario.Outcome {
	return scenario.Outcome{Checks: 3, Skipped: "waits", Unmet: unmet}
}

func lacking() scenario.Outcome { return scenario.Outcome{Checks: 3, Skipped: "no cgroup v2 here"} }

func broken() scenario.Outcome { return scenario.Outcome{Checks: 3, Err: errors.New("lost it")} }

// sum judges four steps with these outcomes.
func sum(outcomes ...scenario.Outcome) Check {
	var results []StepResult
	for i, o := range outcomes {
		results = append(results, Judged(steps()[i], o, nil))
	}
	return Sum("03-namespace-isolation", "DIR", results, Build{OK: true}, 412*time.Millisecond)
}

func TestScores(t *testing.T) {
	for name, test := range map[string]struct {
		outcomes   []scenario.Outcome
		verdict    Verdict
		score, max int
	}{
		"all pass":                          {[]scenario.Outcome{passed(), passed(), passed(), passed()}, Pass, 100, 100},
		"nothing passes":                    {[]scenario.Outcome{failed("x"), failed("x"), failed("x"), waiting(1, 2, 3)}, Fail, 0, 100},
		"the first passes":                  {[]scenario.Outcome{passed(), failed("x"), failed("x"), waiting(2, 3)}, Fail, 20, 100},
		"one in the middle fails":           {[]scenario.Outcome{passed(), failed("x"), passed(), waiting(2)}, Fail, 50, 100},
		"the last fails":                    {[]scenario.Outcome{passed(), passed(), passed(), failed("x")}, Fail, 80, 100},
		"the last is an error":              {[]scenario.Outcome{passed(), passed(), passed(), broken()}, Error, 80, 80},
		"an error makes the last wait":      {[]scenario.Outcome{passed(), broken(), passed(), waiting(2)}, Error, 50, 50},
		"an error and a failure":            {[]scenario.Outcome{passed(), broken(), failed("x"), waiting(2, 3)}, Error, 20, 70},
		"all errors":                        {[]scenario.Outcome{broken(), broken(), broken(), waiting(1, 2, 3)}, Error, 0, 0},
		"a feature lacks":                   {[]scenario.Outcome{passed(), lacking(), passed(), waiting(2)}, Skip, 50, 50},
		"a feature lacks, another step too": {[]scenario.Outcome{failed("x"), lacking(), passed(), waiting(1, 2)}, Fail, 30, 70},
		"all features lack":                 {[]scenario.Outcome{lacking(), lacking(), lacking(), lacking()}, Skip, 0, 0},
		"one step alone":                    {[]scenario.Outcome{passed()}, Pass, 20, 20},
		"no step":                           {nil, Error, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := sum(test.outcomes...)
			assert.Equal(t, test.verdict, c.Verdict)
			assert.Equal(t, test.score, c.Score)
			assert.Equal(t, test.max, c.MaxScore)
		})
	}
}

// A step that waits for steps which were not asked for has failed to pass.
func TestAStepAloneThatWaits(t *testing.T) {
	c := Sum("x", "y", []StepResult{Judged(steps()[3], waiting(1, 2), nil)}, Build{OK: true}, 0)
	assert.Equal(t, Fail, c.Verdict)
	assert.Equal(t, 0, c.Score)
	assert.Equal(t, 20, c.MaxScore)
}

func TestJudged(t *testing.T) {
	step := steps()[1]
	r := Judged(step, passed(), nil)
	assert.Equal(t, StepResult{Step: 2, Title: "Add namespace isolation", Verdict: Pass, Score: 30, MaxScore: 30, Findings: []scenario.Finding{}}, r)

	r = Judged(step, failed("x", "y"), nil)
	assert.Equal(t, Fail, r.Verdict)
	assert.Zero(t, r.Score)
	assert.Len(t, r.Findings, 2)

	r = Judged(step, waiting(1), nil)
	assert.Equal(t, Skip, r.Verdict)
	assert.Equal(t, []int{1}, r.Needs)
	assert.Equal(t, "waits", r.Reason)

	undecided := broken()
	undecided.Err = fmt.Errorf("line 3: %w", &scenario.Undecided{Reason: "real root may", Try: "AS=root"})
	r = Judged(step, undecided, nil)
	assert.Equal(t, []string{"error", "line 3: real root may", "AS=root"}, []string{string(r.Verdict), r.Reason, r.Try})

	for _, r := range []StepResult{
		Judged(step, passed(), errors.New("no scenario")),
		Judged(step, broken(), nil),
		Judged(step, scenario.Outcome{}, nil),
		Judged(step, scenario.Outcome{Checks: 1, Failed: []int{3}, Findings: failed("x").Findings, Err: errors.New("late")}, nil),
	} {
		assert.Equal(t, Error, r.Verdict)
		assert.Empty(t, r.Findings)
		assert.NotEmpty(t, r.Reason)
		assert.Zero(t, r.Score)
	}
}

func TestACauseIsToldOnce(t *testing.T) {
	c := sum(failed("no-child"), failed("flags-missing"), failed("flag-missing-uts", "hostname-in-parent"), waiting(1, 2, 3))
	var same []int
	for _, s := range c.Steps {
		for _, f := range s.Findings {
			same = append(same, f.SameAs)
		}
	}
	assert.Equal(t, []int{0, 0, 2, 0}, same)

	c = sum(failed("no-child", "pid-not-printed"), failed("no-child"), failed("no-child"), waiting(1, 2, 3))
	assert.Equal(t, 0, c.Steps[0].Findings[1].SameAs)
	assert.Equal(t, 1, c.Steps[1].Findings[0].SameAs)
	assert.Equal(t, 1, c.Steps[2].Findings[0].SameAs)
}

func TestSumChangesNothingOfItsArguments(t *testing.T) {
	results := []StepResult{Judged(steps()[0], failed("no-child"), nil), Judged(steps()[1], failed("no-child"), nil)}
	Sum("x", "y", results, Build{OK: true}, 0)
	assert.Zero(t, results[1].Findings[0].SameAs)
}

func TestNotBuilt(t *testing.T) {
	results := NotBuilt(steps(), scenario.Finding{Cause: "does-not-compile"})
	c := Sum("x", "y", results, Build{Errors: []Message{{"main.go", 3, 2, "undefined: foo"}}}, 0)
	assert.Equal(t, Fail, c.Verdict)
	assert.Equal(t, 0, c.Score)
	assert.Equal(t, 100, c.MaxScore)
	assert.Equal(t, []Verdict{Fail, Skip, Skip, Skip}, []Verdict{c.Steps[0].Verdict, c.Steps[1].Verdict, c.Steps[2].Verdict, c.Steps[3].Verdict})
	assert.Len(t, c.Steps[0].Findings, 1)
	assert.NotEmpty(t, c.Steps[1].Reason)
	assert.Empty(t, NotBuilt(nil, scenario.Finding{}))
}

// Who asks for one step of a program that does not compile is told why it does not.
func TestOnly(t *testing.T) {
	results := NotBuilt(steps(), scenario.Finding{Cause: "does-not-compile"})
	c := Sum("x", "y", Only(results, 1), Build{}, 0)
	require.Len(t, c.Steps, 1)
	assert.Equal(t, 2, c.Steps[0].Step)
	assert.Equal(t, Fail, c.Steps[0].Verdict)
	assert.Equal(t, results[0].Findings, c.Steps[0].Findings)
	assert.Empty(t, c.Steps[0].Reason)
	assert.Equal(t, Skip, results[1].Verdict, "the results themselves stay")

	waits := []StepResult{Judged(steps()[0], failed("no-child"), nil), Judged(steps()[1], scenario.Outcome{Skipped: "waits until step 1 has passed", Unmet: []int{1}}, nil)}
	assert.Equal(t, waits[1:], Only(waits, 1))
}

func TestUnchanged(t *testing.T) {
	results := []StepResult{Judged(steps()[0], passed(), nil), Judged(steps()[1], failed("flags-missing", "x"), nil), Judged(steps()[2], failed("y"), nil)}
	Unchanged(results, scenario.Finding{Cause: "skeleton-unchanged"})
	require.Len(t, results[1].Findings, 1)
	assert.Equal(t, "skeleton-unchanged", results[1].Findings[0].Cause)
	assert.Equal(t, 2, results[1].Findings[0].Follows)
	assert.Equal(t, "y", results[2].Findings[0].Cause)
	assert.Equal(t, map[int]bool{1: true}, Passed(results))
}

func TestExitStatus(t *testing.T) {
	for want, all := range map[int][][]Verdict{
		ExitPass:  {{Pass}, {Pass, Pass}},
		ExitFail:  {{Fail}, {Pass, Fail}, {Fail, Pass}},
		ExitError: {{}, {Error}, {Skip}, {Fail, Error, Pass}, {Error, Fail}, {Pass, Skip}, {Verdict("")}},
	} {
		for _, verdicts := range all {
			assert.Equal(t, want, ExitStatus(verdicts...), "%v", verdicts)
		}
	}
}

// The JSON has the names that design.md gives, and lists where lists are meant.
func TestJSON(t *testing.T) {
	data, err := json.Marshal(sum(passed(), failed("flag-missing-pid"), passed(), waiting(2)))
	require.NoError(t, err)
	var check map[string]any
	require.NoError(t, json.Unmarshal(data, &check))
	for _, name := range []string{"exercise", "submission", "verdict", "score", "max_score", "duration_ms", "steps", "build"} {
		assert.Contains(t, check, name)
	}
	assert.InDelta(t, 412, check["duration_ms"], 0)
	assert.Equal(t, map[string]any{"ok": true, "errors": []any{}}, check["build"])
	all := check["steps"].([]any)
	assert.Equal(t, []any{}, all[0].(map[string]any)["findings"])
	step := all[1].(map[string]any)
	for _, name := range []string{"step", "title", "verdict", "score", "max_score", "findings"} {
		assert.Contains(t, step, name)
	}
	finding := step["findings"].([]any)[0].(map[string]any)
	for _, name := range []string{"check", "file", "line", "want", "saw", "try", "hint", "cause"} {
		assert.Contains(t, finding, name)
	}
	assert.NotContains(t, finding, "why")

	var back Check
	require.NoError(t, json.Unmarshal(data, &back))
	again, err := json.Marshal(back)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(again))

	data, err = json.Marshal(sum())
	require.NoError(t, err)
	assert.Contains(t, string(data), `"steps":[]`)
}

// The package is pure: nothing it imports can read, run or keep anything.
func TestImports(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "grade.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		require.NoError(t, err)
		assert.Contains(t, strings.Fields("errors slices time pidone/checker/scenario"), path)
	}
}
