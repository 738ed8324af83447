package scenario

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// A program that does what another exercise is about as well gets what it wants of its
// host, where the machine has that.
func TestMoreThanTheScenarioGives(t *testing.T) {
	groups := func(first *proc) { first.log("mkdir /sys/fs/cgroup/my-container: no such file or directory\n") }
	filter := func(first *proc) {
		first.done(first.call(evidence.Event{Call: "socket", Text: "NETLINK_NETFILTER"}), "")
	}
	for name, c := range map[string]struct {
		does   func(*proc)
		lacks  string
		second []string
	}{
		"control groups":              {groups, "", []string{"cgroup2"}},
		"no control groups":           {groups, "cgroup2", nil},
		"the packet filter":           {filter, "", []string{"veth", "nat"}},
		"the packet filter, in words": {func(first *proc) { first.log("error: socket: protocol not supported\n") }, "", []string{"veth", "nat"}},
		"nothing of that":             {func(*proc) {}, "", nil},
		"a file of a group": {func(first *proc) {
			first.refuse("openat", "ENOENT", "O_WRONLY").Path = "/sys/fs/cgroup/pids/box/pids.max"
		}, "", []string{"cgroup2"}},
	} {
		var ran [][]string
		run := func(_ context.Context, spec RunSpec) (*evidence.Run, error) {
			ran = append(ran, spec.Features)
			k, first := newKernel(spec)
			c.does(first)
			first.exit(1)
			return k.over(), nil
		}
		s := &scene{ctx: context.Background(), run: run, script: &Script{Lacks: func(feature string) (string, error) {
			if feature == c.lacks {
				return "none here", nil
			}
			return "", nil
		}}}
		f, err := s.gather(RunSpec{})
		require.NoError(t, err, name)
		want := [][]string{nil}
		if c.second != nil {
			want = append(want, c.second)
		}
		assert.Equal(t, want, ran, name)
		assert.Equal(t, name == "control groups" || name == "no control groups", f.noChild().try == "leave the control groups out for this check: its host has none", name)
	}
}

// Evidence from before holds no second run: the first counts.
func TestMoreWasNotRecorded(t *testing.T) {
	k, first := newKernel(RunSpec{})
	first.log("open /sys/fs/cgroup/box/pids.max: no such file or directory\n").exit(1)
	r := &Recording{Runs: []RecordedRun{{RunSpec{}, k.over()}}}
	s := &scene{ctx: context.Background(), run: r.Run, script: &Script{}}
	_, err := s.gather(RunSpec{})
	require.NoError(t, err)
	_, err = s.gather(RunSpec{Args: []string{"x"}})
	require.ErrorIs(t, err, ErrNotRecorded)
}
