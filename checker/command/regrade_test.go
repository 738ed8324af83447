package command

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/batch"
	"pidone/checker/course"
	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/sandbox"
	"pidone/checker/scenario"
)

// TestRegradeSkipped says that a step which was skipped for a feature that the
// machine lacked is skipped for the same again when it is judged from the
// evidence, and that nothing is an error, whatever machine judges.
func TestRegradeSkipped(t *testing.T) {
	kit := copyKit(t)
	for _, pattern := range []string{"2-*.txtar", "3-*.txtar"} {
		scripts, err := filepath.Glob(filepath.Join(kit, "testdata/scenarios", exercise03, pattern))
		require.NoError(t, err)
		require.Len(t, scripts, 1)
		text, err := os.ReadFile(scripts[0])
		require.NoError(t, err)
		changed := strings.Replace(string(text), "\ncontainer\n", "\nfeature "+sandbox.CgroupV2+"\ncontainer\n", 1)
		require.NotEqual(t, string(text), changed)
		require.NoError(t, os.WriteFile(scripts[0], []byte(changed), 0o644))
	}
	c, err := course.Load(kit)
	require.NoError(t, err)
	e, _, err := c.Find("03")
	require.NoError(t, err)
	recording, err := scenario.ReadRecording(filepath.Join(os.Getenv(rootVariable), "testdata/evidence", exercise03, "solution.json"))
	require.NoError(t, err)

	graded := func(lacks func(string) (string, error)) ([]grade.StepResult, *batch.Evidence) {
		j := newJudging(kit, e)
		j.scratch, j.lacks = t.TempDir(), lacks
		kept := &batch.Evidence{Recording: scenario.Recording{Exercise: e.ID}}
		run := kept.Recording.Record(func(ctx context.Context, spec scenario.RunSpec) (*evidence.Run, error) {
			spec.Features = nil // it was recorded without
			return recording.Run(ctx, spec)
		})
		steps, _ := j.asked(kept).steps(t.Context(), run)
		return steps, kept
	}
	regraded := func(kept *batch.Evidence) []grade.StepResult {
		j := &again{judging: newJudging(kit, e)}
		j.scratch = t.TempDir()
		r := &grade.Record{}
		r.Entry.Build.OK = true
		return j.judge(t.Context(), r, kept)
	}
	verdicts := func(steps []grade.StepResult) (all []grade.Verdict) {
		for _, s := range steps {
			all = append(all, s.Verdict)
		}
		return all
	}

	steps, kept := graded(func(string) (string, error) { return "no such groups here", nil })
	assert.Equal(t, []grade.Verdict{grade.Pass, grade.Skip, grade.Skip, grade.Skip}, verdicts(steps))
	assert.Contains(t, steps[1].Reason, sandbox.CgroupV2)
	assert.Equal(t, steps, regraded(kept))

	steps, kept = graded(func(string) (string, error) { return "", nil })
	assert.Equal(t, []grade.Verdict{grade.Pass, grade.Pass, grade.Pass, grade.Pass}, verdicts(steps))
	assert.Equal(t, steps, regraded(kept))

	steps, kept = graded(func(string) (string, error) { return "", errors.New("cannot look") })
	assert.Equal(t, grade.Error, steps[1].Verdict)
	assert.Equal(t, grade.Error, regraded(kept)[1].Verdict, "what could not be told cannot be told later")
}
