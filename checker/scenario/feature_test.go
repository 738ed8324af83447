package scenario

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFeatures(t *testing.T) {
	path := script(t, "points 1\nfeature cgroup2\ncontainer\nchild exists\n")
	needs, err := Needs(path)
	require.NoError(t, err)
	assert.Equal(t, []string{"cgroup2"}, needs)
	judge := func(lacks func(string) (string, error)) Outcome {
		run, _ := rightIsolation()[0].runner()
		o, err := Judge(context.Background(), Script{Path: path, WorkDir: t.TempDir(), Lacks: lacks}, run)
		require.NoError(t, err)
		return o
	}
	for _, lacks := range []func(string) (string, error){nil, func(string) (string, error) { return "", nil }} {
		o := judge(lacks)
		assert.NoError(t, o.Err)
		assert.Empty(t, o.Skipped)
		assert.Empty(t, o.Findings)
	}
	o := judge(func(name string) (string, error) { return "no " + name + " here", nil })
	assert.Equal(t, "this machine lacks cgroup2: no cgroup2 here", o.Skipped)
	assert.Empty(t, o.Unmet)
	assert.NoError(t, o.Err)
	o = judge(func(string) (string, error) { return "", errors.New("odd") })
	assert.EqualError(t, o.Err, "look for cgroup2: odd")
	assert.Empty(t, o.Skipped)
	assert.Error(t, Lint(script(t, "points 1\nfeature magic\ncontainer\nchild exists\n")))
}

func TestFirstRun(t *testing.T) {
	path := script(t, "points 1\nfeature cgroup2\ncontainer in box /opt/payload say 'a b'\ncommand runs\ncontainer\nchild exists\n")
	spec, err := FirstRun(path, nil)
	require.NoError(t, err)
	assert.Equal(t, RunSpec{Args: []string{"run", "box", "/opt/payload", "say", "a b"}, Image: "box", Features: []string{"cgroup2"}}, spec)
	assert.Equal(t, []string{"/opt/payload", "say", "a b"}, spec.Command())
	spec, err = FirstRun(path, []string{"run", "alpine", "/bin/sh"})
	require.NoError(t, err)
	assert.Equal(t, "alpine", spec.Image)
	_, err = FirstRun(path, []string{"/bin/sh"})
	assert.ErrorContains(t, err, "this exercise wants ARGS such as")
	spec, err = FirstRun(script(t, "points 1\ncontainer\nchild exists\n"), []string{"run", "/bin/sh"})
	require.NoError(t, err)
	assert.Equal(t, RunSpec{Args: []string{"run", "/bin/sh"}}, spec)
	assert.NotEqual(t, RunSpec{Args: []string{"a"}, Image: "b"}.Key(), RunSpec{Args: []string{"a"}}.Key())
	specs, err := Runs(path, nil)
	require.NoError(t, err)
	assert.Equal(t, []RunSpec{
		{Args: []string{"run", "box", "/opt/payload", "say", "a b"}, Image: "box", Features: []string{"cgroup2"}},
		{Features: []string{"cgroup2"}},
	}, specs)
	specs, err = Runs(script(t, "points 1\nalone child\ncontainer\nchild exists\n"), nil)
	require.NoError(t, err)
	assert.Equal(t, []RunSpec{{}, {Args: []string{"child"}}}, specs, "what is only looked at in need is begun last")
	for _, text := range []string{"points 1\ncontainer in box\nchild exists\n", "points 1\ncontainer in\nchild exists\n"} {
		assert.Error(t, Lint(script(t, text)))
	}
}
