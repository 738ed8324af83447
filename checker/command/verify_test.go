package command

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
	"pidone/checker/skeleton"
)

// TestVerifyStages goes through every exercise as a learner who follows the
// page: the skeleton scores nothing, each step done adds what it is worth, the
// last step comes with the others, and the whole is the solution.
func TestVerifyStages(t *testing.T) {
	t.Parallel()
	a, c := kit(t)
	s := openTestSession(t, a)
	compile := compilerOf(t, s)
	for _, e := range c.Exercises {
		points := 0
		for done := 0; done <= len(e.Steps); done++ {
			dir := t.TempDir()
			writeStage(t, a.root, e, done, dir)
			check := judgeHere(t, a, s, e, stageName(done), dir, compile)
			expected := points
			if done >= len(e.Steps)-1 {
				expected = e.Points()
			}
			assert.Equal(t, expected, check.Score, "%s with %d steps done", e.ID, done)
			if expected == e.Points() {
				assert.Equal(t, grade.Pass, check.Verdict)
			} else if assert.Equal(t, grade.Fail, check.Verdict) {
				for _, step := range check.Steps {
					if step.Step <= done {
						assert.Equal(t, grade.Pass, step.Verdict, "%s step %d with %d done", e.ID, step.Step, done)
					} else {
						assert.NotEqual(t, grade.Pass, step.Verdict, "%s step %d with %d done", e.ID, step.Step, done)
					}
				}
			}
			if done < len(e.Steps) {
				points += e.Steps[done].Points
			}
		}
	}
}

// TestVerifySolutions says that a solution passes its own exercise, and that
// the one before is not enough for it.
func TestVerifySolutions(t *testing.T) {
	t.Parallel()
	a, c := kit(t)
	s := openTestSession(t, a)
	compile := compilerOf(t, s)
	for _, e := range c.Exercises {
		check := judgeHere(t, a, s, e, "solution", filepath.Join(a.root, "solutions", e.ID), compile)
		assert.Equal(t, grade.Pass, check.Verdict, e.ID)
		assert.Equal(t, e.Points(), check.Score, e.ID)
		if e.Before != "" {
			check := judgeHere(t, a, s, e, "before", filepath.Join(a.root, "solutions", e.Before), compile)
			assert.Equal(t, grade.Fail, check.Verdict, "%s passes with the solution of %s", e.ID, e.Before)
		}
	}
}

// TestVerifySkeletons says that the generated exercises are what the solutions
// yield. What a learner has edited it does not look at.
func TestVerifySkeletons(t *testing.T) {
	a, _ := kit(t)
	drifted, err := skeleton.Drift(a.root)
	require.NoError(t, err)
	for _, d := range drifted {
		assert.NotEqual(t, skeleton.Stale, d.Reason, "%s: run make update", d.Path)
	}
}
