package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

const scenarios = "../../testdata/scenarios"

// files returns the scenarios of an exercise in the order of its steps.
func files(t testing.TB, exercise string) []string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(scenarios, exercise, "*.txtar"))
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// runner runs a submission on a kernel of its own, once for each spec.
func (s submission) runner() (Runner, *int) {
	memo := map[string]*evidence.Run{}
	runs := 0
	return func(_ context.Context, spec RunSpec) (*evidence.Run, error) {
		if memo[spec.Key()] == nil {
			runs++
			k, first := newKernel(spec)
			s.main(first, spec)
			memo[spec.Key()] = roundTrip(k.over())
		}
		return memo[spec.Key()], nil
	}, &runs
}

// roundTrip is what becomes of evidence that is written down and read again.
func roundTrip(run *evidence.Run) *evidence.Run {
	data, err := json.Marshal(run)
	if err != nil {
		panic(err)
	}
	var back evidence.Run
	if err := json.Unmarshal(data, &back); err != nil {
		panic(err)
	}
	return &back
}

// judge judges all steps of the submission's exercise.
func (s submission) judge(t testing.TB) []Outcome {
	t.Helper()
	run, _ := s.runner()
	var outcomes []Outcome
	passed := map[int]bool{}
	dir := t.TempDir()
	for i, path := range files(t, s.exercise) {
		script := Script{
			Path: path, Exercise: s.exercise, Step: i + 1, Page: "docs/" + s.exercise + ".md", Anchor: fmt.Sprintf("step-%d", i+1),
			Args: s.args, Passed: passed, WorkDir: dir,
		}
		o, err := Judge(context.Background(), script, run)
		require.NoError(t, err)
		require.NoError(t, o.Err)
		passed[i+1] = o.Skipped == "" && len(o.Findings) == 0
		outcomes = append(outcomes, o)
	}
	return outcomes
}

func TestRightProgramsPass(t *testing.T) {
	for _, s := range append(rightIsolation(), rightCreation()...) {
		t.Run(s.exercise+"/"+s.name, func(t *testing.T) {
			for i, o := range s.judge(t) {
				assert.Empty(t, o.Findings, "step %d", i+1)
				assert.Empty(t, o.Skipped, "step %d", i+1)
				assert.Positive(t, o.Checks, "step %d", i+1)
			}
		})
	}
}

// Each time they do, in short messages: two lines at most beside their labels, at 80
// columns.
func TestWrongProgramsFailWithTheirCause(t *testing.T) {
	for _, s := range wrong() {
		t.Run(s.exercise+"/"+s.name, func(t *testing.T) {
			outcomes := s.judge(t)
			assert.Equal(t, outcomes, s.judge(t))
			failed, at := false, ""
			for i, o := range outcomes {
				var causes []string
				for _, f := range o.Findings {
					causes = append(causes, f.Cause)
					assert.NotEmpty(t, f.Want)
					assert.NotEmpty(t, f.Saw)
					assert.NotEmpty(t, f.Try)
					for _, text := range []string{f.Want, f.Saw, f.Why} {
						assert.LessOrEqual(t, len([]rune(text)), 2*68, "%s", text)
					}
					assert.LessOrEqual(t, len([]rune(f.Try)), 70, "%s", f.Try)
					if at == "" {
						at = f.At
					}
				}
				if i == len(outcomes)-1 && failed {
					assert.NotEmpty(t, o.Skipped)
					assert.NotEmpty(t, o.Unmet)
					continue
				}
				assert.Equal(t, s.causes[i+1], causes, "step %d: %+v", i+1, o.Findings)
				failed = failed || len(causes) > 0
			}
			assert.True(t, failed)
			if s.at != "" {
				assert.Equal(t, s.at, at)
			}
		})
	}
}

// Every check of every scenario is tripped by a wrong program, and every cause
// is told by one.
func TestEveryCheckAndCauseIsTripped(t *testing.T) {
	tripped := map[string]bool{}
	causes := map[string]bool{"does-not-compile": true, "skeleton-unchanged": true} // see TestFindingsWithoutARun
	for _, cause := range []string{"not-handed-in", "empty", "not-go", "no-program", "too-large", "hostile-packaging"} {
		causes[cause] = true // told by package intake, whose tests have a submission for each
	}
	for cause := range outsiders() {
		causes[cause] = true
	}
	for cause := range wanted(t) {
		causes[cause] = true
	}
	for _, f := range forgeries() {
		for _, step := range f.causes {
			causes[step[0]] = true
		}
	}
	for _, s := range wrong() {
		paths := files(t, s.exercise)
		for i, o := range s.judge(t) {
			for _, n := range o.Failed {
				tripped[fmt.Sprintf("%s:%d", paths[i], n)] = true
			}
			for _, f := range o.Findings {
				causes[f.Cause] = true
			}
		}
	}
	for _, exercise := range []string{ex02, ex03} {
		for _, path := range files(t, exercise) {
			all, err := compileFile(path)
			require.NoError(t, err)
			for _, l := range all {
				if l.check {
					assert.True(t, tripped[fmt.Sprintf("%s:%d", path, l.number)], "%s:%d: %s: no wrong program trips it", path, l.number, l.text)
				}
			}
		}
	}
	for _, c := range Causes() {
		assert.True(t, causes[c.ID], "no wrong program has the cause %s", c.ID)
	}
}

// wanted are the causes of real programs, which package command's tests hold.
func wanted(t *testing.T) map[string]bool {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/submissions/*/reject/*/want.json")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	causes := map[string]bool{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		var want struct{ Cause string }
		require.NoError(t, json.Unmarshal(data, &want))
		causes[want.Cause] = true
	}
	return causes
}

func TestScenariosShareRuns(t *testing.T) {
	s := rightIsolation()[0]
	run, runs := s.runner()
	for _, path := range files(t, ex03) {
		_, err := Judge(context.Background(), Script{Path: path, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true}}, run)
		require.NoError(t, err)
	}
	assert.Equal(t, 1, *runs)
}

func TestWorkDirOfItsOwnIsRemoved(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	run, _ := rightIsolation()[0].runner()
	_, err := Judge(context.Background(), Script{Path: files(t, ex03)[0]}, run)
	require.NoError(t, err)
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
}
