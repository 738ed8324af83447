package trace

import (
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// inGroups records the tracee on a host that has control groups.
func inGroups(t *testing.T, how string) *evidence.Run {
	t.Helper()
	b := openBench(t)
	if f := sandbox.ProbeFeature(t.Context(), sandbox.CgroupV2); f.Answer != sandbox.Yes {
		t.Skip("needs cgroup2: ", f.Why)
	}
	cmd := b.command("groups", how)
	cmd.Groups = true
	run := recordCommand(t, cmd, Options{Resolve: b.resolve})
	require.Zero(t, run.Processes[0].Exit.Code, "%s", run.Stderr.Data)
	return run
}

func lookOf(t *testing.T, run *evidence.Run, when string) *evidence.Groups {
	t.Helper()
	i := slices.IndexFunc(run.Groups, func(g evidence.Groups) bool { return g.When == when })
	require.GreaterOrEqual(t, i, 0, when)
	return &run.Groups[i]
}

func TestGroupsAreLookedAt(t *testing.T) {
	run := inGroups(t, "itself")
	child := others(run)[0]
	start := lookOf(t, run, evidence.GroupsAtStart)
	require.Len(t, start.All, 2)
	assert.Equal(t, "/", start.All[0].Path)
	assert.Equal(t, []int{0}, start.Of("/session.scope").Processes)

	now := lookOf(t, run, evidence.GroupsAtExec)
	assert.Equal(t, child.ID, now.Process)
	assert.Greater(t, now.Seq, child.Execs[len(child.Execs)-1].Seq)
	assert.Equal(t, []int{child.ID}, now.Of("/x").Processes)
	assert.Equal(t, "67108864", now.Of("/x").Files["memory.max"])
	assert.Contains(t, now.Of("/x").Files["cpu.stat"], "usage_usec")

	exit := lookOf(t, run, evidence.GroupsAtExit)
	assert.Equal(t, child.ID, exit.Process)
	assert.Equal(t, "/x", exit.With(child.ID).Path)
	assert.Less(t, exit.Seq, child.Exit.Seq)

	end := run.Groups[len(run.Groups)-1]
	assert.Equal(t, evidence.GroupsAtEnd, end.When)
	assert.Nil(t, end.Of("/x"))
	assert.Len(t, end.All, 2)

	var made, removed []string
	for _, ev := range run.Events {
		switch ev.Call {
		case "mkdir", "mkdirat":
			made = append(made, ev.Path)
		case "rmdir", "unlinkat":
			removed = append(removed, ev.Path)
		}
	}
	assert.Equal(t, []string{"/sys/fs/cgroup/x"}, made)
	assert.Equal(t, made, removed)
}

// TestTheChildGoesFirst: who does not make it wait is late, always; who does is not.
func TestTheChildGoesFirst(t *testing.T) {
	inGroups(t, "itself") // or all is skipped
	for how, late := range map[string]bool{"race": true, "waits": false, "polls": false, "spins": false} {
		t.Run(how, func(t *testing.T) {
			for range 3 {
				run := inGroups(t, how)
				child := others(run)[0]
				now := lookOf(t, run, evidence.GroupsAtExec)
				assert.Equal(t, late, now.Of("/x").Processes == nil)
				assert.Equal(t, "/x", lookOf(t, run, evidence.GroupsAtExit).With(child.ID).Path)
			}
		})
	}
}

func TestIdle(t *testing.T) {
	t.Parallel()
	r := bare(t)
	r.groups.held = nil
	child := func(pid int) *process {
		p := known(r, 0, pid)
		delete(r.procs, p.pid)
		p.pid, p.self = pid, true
		p.tasks[pid] = &task{tid: pid, proc: p}
		r.procs[pid] = p
		return p
	}
	first := &process{ev: r.run.Processes[0], pid: -1}
	assert.Empty(t, r.descendants(first))

	asleep := child(bystander(t))
	assert.Eventually(t, func() bool { return r.idle(first) }, 5*time.Second, time.Millisecond)
	assert.Equal(t, []*process{asleep}, r.descendants(first))
	assert.Empty(t, r.descendants(asleep))

	spins := exec.Command("sh", "-c", "while :; do :; done")
	require.NoError(t, spins.Start())
	defer func() {
		spins.Process.Signal(os.Kill)
		spins.Wait()
	}()
	busy := child(spins.Process.Pid)
	before := r.ticks(first)
	assert.Eventually(t, func() bool { return !r.idle(first) && r.ticks(first) > before+5 }, 10*time.Second, 10*time.Millisecond)
	for range 50 {
		assert.False(t, r.idle(first))
	}
	busy.self = false // it has become the command
	assert.True(t, r.idle(first))
}

func TestNoGroups(t *testing.T) {
	run := record(t, "hello")
	assert.Empty(t, run.Groups)
}
