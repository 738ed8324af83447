package trace

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestClone3(t *testing.T) {
	t.Parallel()
	run := record(t, "clone3")
	assert.Equal(t, 7, run.First().Exit.Code)
	child := others(run)[0]
	assert.Equal(t, 1, child.PIDSelf())
	assert.True(t, run.Host.New(child.Born, "uts"))
	assert.Equal(t, "raw child\n", written(run, child.ID, "stdout"))
	assert.Empty(t, child.Execs)
	assert.False(t, child.Probe)
	calls := events(run, "clone3")
	require.Len(t, calls, 2)
	assert.Equal(t, []string{"CLONE_NEWPID", "CLONE_NEWUTS", "SIGCHLD"}, calls[0].Flags)
	assert.Equal(t, child.ID, calls[0].Child)
	assert.Equal(t, "EINVAL", calls[1].Errno)
	assert.Zero(t, calls[1].Child)
}

func TestHiddenChild(t *testing.T) {
	t.Parallel()
	run := record(t, "hide")
	assert.Contains(t, run.End.Hiding, "CLONE_UNTRACED")
	assert.Empty(t, run.Stdout.Data, "what it did was in vain")
	made := others(run)
	require.Len(t, made, 1)
	assert.True(t, made[0].Hidden)
	assert.Nil(t, run.First().Exit)
}

func TestHiddenByVfork(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"exit", "exec"} {
		run := record(t, "hidevfork", how)
		assert.Contains(t, run.End.Hiding, "CLONE_UNTRACED", how)
		assert.False(t, run.End.TimedOut, how)
	}
}

func TestHiddenByClone(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"process", "thread"} {
		run := record(t, "hideclone", how)
		assert.Equal(t, "clone was called with CLONE_UNTRACED", run.End.Hiding, how)
		assert.Empty(t, run.Stdout.Data, "%s: it was not ended at the call", how)
		assert.Empty(t, others(run), how)
		assert.Nil(t, run.First().Exit, how)
		calls := events(run, "clone")
		require.Len(t, calls, 1, how)
		assert.Contains(t, calls[0].Flags, "CLONE_UNTRACED", how)
	}
}

func TestFiltersOfItsOwn(t *testing.T) {
	t.Parallel()
	run := record(t, "filter")
	assert.Zero(t, run.First().Exit.Code)
	assert.Equal(t, "invalid cross-device link\n", string(run.Stdout.Data))
	assert.Equal(t, string(run.Stdout.Data), written(run, 0, "stdout"))
	assert.Len(t, events(run, "seccomp"), 3)
	var operations []string
	for _, ev := range events(run, "prctl") {
		operations = append(operations, ev.Text)
	}
	assert.Equal(t, []string{"PR_SET_NO_NEW_PRIVS", "PR_SET_DUMPABLE"}, operations)
	assert.Empty(t, events(run, "sethostname"), "its own filter refused it: nothing happened")
}

// TestFlood: writes are joined, as far as nobody can tell the difference.
func TestFlood(t *testing.T) {
	t.Parallel()
	run := record(t, "flood", "15000")
	assert.Empty(t, run.End.Cut)
	assert.LessOrEqual(t, len(events(run, "write")), freeWrites+10)
	assert.Greater(t, len(events(run, "write")), freeWrites/2)
	assert.Len(t, events(run, "clone"), 1)
	wrote := written(run, 0, "stdout")
	assert.Len(t, wrote, 15000*100)
	assert.True(t, strings.HasPrefix(wrote, string(run.Stdout.Data)))
	var size, result int64
	for _, ev := range events(run, "write") {
		size, result = size+ev.Size, result+ev.Result
	}
	assert.Equal(t, run.Stdout.Total, size)
	assert.Equal(t, run.Stdout.Total, result)
	assert.Zero(t, run.First().Exit.Code)
}

// TestLogFirst: what goes to files uses nothing up, and a name is not moved to
// before it was given.
func TestLogFirst(t *testing.T) {
	t.Parallel()
	run := record(t, "logs")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Equal(t, []string{"writes to files"}, run.End.Cut)
	assert.Len(t, written(run, 0, "file")+written(run, 0, "null"), files.limit())
	assert.Equal(t, string(run.Stdout.Data), written(run, 0, "stdout"))
	var early, late int
	for _, ev := range events(run, "write") {
		if ev.Target.Kind != "stdout" {
			continue
		}
		had := run.Had(ev.After.Namespaces["uts"], "given", ev.Seq)
		assert.Equal(t, had, ev.After.Hostname == "given")
		early += strings.Count(string(ev.Data), "early\n")
		late += strings.Count(string(ev.Data), "late\n")
		assert.Equal(t, had, strings.Contains(string(ev.Data), "late\n"))
		assert.Equal(t, !had, strings.Contains(string(ev.Data), "early\n"))
	}
	assert.Equal(t, []int{500, 500}, []int{early, late})
}

// TestShareOfItsOwn: a process is heard whatever others have written.
func TestShareOfItsOwn(t *testing.T) {
	t.Parallel()
	r := bare(t)
	r.budget.events[outputs], r.budget.kept = maxWrites, maxRun
	assert.False(t, r.silenced(r.first))
	assert.Equal(t, ownBytes, r.room(r.first))
	r.first.writes, r.first.data = ownWrites, ownBytes
	assert.True(t, r.silenced(r.first))
	assert.Zero(t, r.room(r.first))
	r.budget.events[outputs], r.budget.kept = hardWrites, hardBytes
	other := known(r, 0, 5)
	assert.True(t, r.silenced(other))
	assert.Zero(t, r.room(other))
}

// TestFloodOfCalls: what a call did is seen even where the call is not kept.
func TestFloodOfCalls(t *testing.T) {
	t.Parallel()
	run := record(t, "busy")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Equal(t, []string{"signals and the like", "events"}, run.End.Cut)
	assert.Len(t, events(run, "chdir"), remarks.limit())
	assert.Len(t, events(run, "setdomainname"), changes.limit(), "chdir used nothing of it up")
	assert.Empty(t, events(run, "sethostname"))
	var names []string
	for _, n := range run.Names {
		names = append(names, n.Name)
	}
	assert.Equal(t, []string{run.Host.Hostname, "for-a-moment", run.Host.Hostname}, names)
	assert.Equal(t, run.Host.Hostname, run.Host.After)
}

// TestFloodOfSignals: however many there are, and that depends on how fast the
// machine is, what a check looks at is recorded whole.
func TestFloodOfSignals(t *testing.T) {
	t.Parallel()
	run := record(t, "signals")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Equal(t, []string{"signals and the like"}, run.End.Cut)
	assert.Len(t, events(run, "kill"), remarks.limit())
	assert.Len(t, events(run, "sethostname"), 1)
}

// TestRefusedCalls: nothing is missing where nothing was made, however fast a
// fork bomb asks again.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	run := record(t, "refused")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Len(t, events(run, "clone"), births.limit())
	assert.Empty(t, run.End.Cut)
}

// TestMountBomb: looking at very many mounts takes no longer than at many.
func TestMountBomb(t *testing.T) {
	t.Parallel()
	start := time.Now()
	run := record(t, "mountbomb")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Less(t, time.Since(start), 5*time.Second)
	assert.Contains(t, run.Host.MountsLeft, "/tmp/a")
	assert.Len(t, run.Host.MountsLeft, moreMounts)
	for _, m := range run.Host.MountsLeft {
		require.Equal(t, "/tmp/a", m)
	}
}

// TestRivals: every name that the host was given is seen, whoever gave it.
func TestRivals(t *testing.T) {
	t.Parallel()
	run := record(t, "rivals")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	seen := map[string]bool{}
	for _, n := range run.Names {
		seen[n.Name] = true
	}
	within := 0
	for _, ev := range events(run, "sethostname") {
		if ev.Done == 0 {
			continue
		}
		require.Greater(t, ev.Seq, within, "one at a time")
		within = ev.Done
		require.Equal(t, ev.Text, ev.After.Hostname)
		require.True(t, seen[ev.Text], ev.Text)
	}
	assert.True(t, seen["rival-0-99"])
	assert.True(t, seen["rival-1-99"])
}

func TestStrangeArguments(t *testing.T) {
	t.Parallel()
	run := record(t, "strange")
	assert.Zero(t, run.First().Exit.Code)
	assert.Equal(t, "still here\n", string(run.Stdout.Data))
	assert.Equal(t, "b\\xff\\xfe\n", events(run, "sethostname")[0].Text)
	exec := events(run, "execve")[0]
	assert.Equal(t, `/bin/\xff`, exec.Path)
	assert.Equal(t, []string{`\xc3`, strings.Repeat("a", maxArg)}, exec.Argv)
	assert.Equal(t, "ENOENT", exec.Errno)
}

// TestThreadsOfOthers: the C library makes its threads by clone3, whose flags
// no filter can see. They are no processes.
func TestThreadsOfOthers(t *testing.T) {
	t.Parallel()
	const python = "/usr/bin/python3"
	if _, err := os.Stat(python); err != nil {
		t.Skip("no program with threads of the C library's: ", err)
	}
	run := record(t, "exec", python, "-c", `
import os, threading
def work():
    os.write(1, b"thread\n")
ts = [threading.Thread(target=work) for _ in range(8)]
for t in ts: t.start()
for t in ts: t.join()
if os.fork() == 0:
    os.write(1, b"child\n")
    os._exit(0)
os.wait()
`)
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	made := others(run)
	require.Len(t, made, 1)
	assert.Equal(t, strings.Repeat("thread\n", 8), written(run, 0, "stdout"))
	assert.Equal(t, "child\n", written(run, made[0].ID, "stdout"))
	assert.Len(t, events(run, "clone", "clone3", "fork", "vfork"), 1)
}

// TestFailure: when the recorder fails the sandbox ends, and the run says so.
func TestFailure(t *testing.T) {
	t.Parallel()
	b := openBench(t)
	for _, mode := range [][]string{{"lines"}, {"crowd", "10"}, {"relay"}} {
		run, err := Record(context.Background(), b.host, b.command(mode...), Options{Resolve: func(pc uint64) string {
			if pc != 0 {
				panic("no line")
			}
			return ""
		}})
		require.NoError(t, err)
		assert.Contains(t, run.End.Broken, "no line", mode)
		assert.False(t, run.End.TimedOut, mode)
		assert.Nil(t, run.First().Exit, mode)
	}
}

// TestNothingIsLeft: a run leaves no descriptor open. It is not parallel.
func TestNothingIsLeft(t *testing.T) {
	b := openBench(t)
	count := func() int {
		_, err := Record(context.Background(), b.host, b.command("container"), Options{Resolve: b.resolve})
		require.NoError(t, err)
		list, err := os.ReadDir("/proc/self/fd")
		require.NoError(t, err)
		return len(list)
	}
	count() // what the sandbox keeps for the next one
	before := count()
	for range 3 {
		count()
	}
	assert.Equal(t, before, count())
}
