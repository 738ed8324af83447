package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/course"
	"pidone/checker/grade"
	"pidone/checker/sandbox"
)

// A clone's state decides which exercise a learner is at.
func TestFirstOpen(t *testing.T) {
	a, c := kit(t)
	a.root = t.TempDir()
	e, err := a.firstOpen(c)
	require.NoError(t, err)
	assert.Equal(t, c.Exercises[0], e)
	require.NoError(t, a.remember(c.Exercises[0].ID, 0))
	st, err := readState(a.root)
	require.NoError(t, err)
	assert.True(t, st.Exercises[c.Exercises[0].ID].Checked, "also with no points")
	require.NoError(t, a.remember(c.Exercises[0].ID, 100))
	e, err = a.firstOpen(c)
	require.NoError(t, err)
	assert.Equal(t, c.Exercises[1], e)
	for _, e := range c.Exercises {
		require.NoError(t, a.remember(e.ID, 100))
	}
	e, err = a.firstOpen(c)
	require.NoError(t, err)
	assert.Equal(t, c.Exercises[len(c.Exercises)-1], e)
}

func TestCheckAll(t *testing.T) {
	root := os.Getenv(rootVariable)
	dir := t.TempDir()
	out, diagnostics, code := runChecker(t, root, nil, "check", "all", "--submission", dir)
	assert.Equal(t, 2, code)
	assert.Empty(t, out)
	assert.Contains(t, diagnostics, "find submission of 02-process-creation")

	_, c := kit(t)
	for i, e := range c.Exercises {
		from := filepath.Join(root, "solutions", e.ID)
		if i == 1 { // the second is not finished
			from = filepath.Join(root, "solutions", c.Exercises[0].ID)
		}
		require.NoError(t, os.CopyFS(filepath.Join(dir, e.ID), os.DirFS(from)))
	}
	out, diagnostics, code = runChecker(t, root, nil, "check", "all", "--submission", dir, "--format", "json")
	require.Equal(t, 1, code, diagnostics)
	var checks []grade.Check
	require.NoError(t, json.Unmarshal([]byte(out), &checks))
	require.Len(t, checks, len(c.Exercises))
	for i, check := range checks {
		assert.Equal(t, c.Exercises[i].ID, check.Exercise)
		if i == 1 {
			assert.Equal(t, grade.Fail, check.Verdict, check.Exercise)
		} else {
			assert.Contains(t, []grade.Verdict{grade.Pass, grade.Skip}, check.Verdict, check.Exercise)
		}
	}
	for _, args := range [][]string{{"--", "run"}, {"--format", "tap"}} {
		_, diagnostics, code = runChecker(t, root, nil, append([]string{"check", "all"}, args...)...)
		assert.Equal(t, 2, code)
		assert.Contains(t, diagnostics, "one exercise")
	}
}

func TestGraph(t *testing.T) {
	c := &course.Course{Exercises: []*course.Exercise{
		{ID: "02-a", Number: "02"}, {ID: "04-c", Number: "04", Before: "02-a"},
		{ID: "05-d", Number: "05", Before: "04-c"}, {ID: "06-e", Number: "06", Before: "04-c"},
	}}
	assert.Equal(t, "02 > 04 > {05, 06}", graph(c, " > "))
}

func TestCanCheck(t *testing.T) {
	no := []sandbox.Feature{{Name: "x", Answer: sandbox.Yes}, {Name: "cgroup2", Answer: sandbox.No}}
	assert.Equal(t, "All exercises can be checked here.", canCheck([]diagnosis{{Exercise: "05", Features: no[:1]}}))
	assert.Contains(t, canCheck([]diagnosis{{Exercise: "04"}, {Exercise: "05", Features: no}, {Exercise: placeVM, Features: no}}), "but 05:")
}
