package trace

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func TestExecByAnotherThread(t *testing.T) {
	t.Parallel()
	for range 5 {
		run := record(t, "leader")
		require.Len(t, run.Processes, 1)
		first := run.First()
		require.Len(t, first.Execs, 2)
		assert.False(t, first.Execs[1].Self)
		assert.Equal(t, []string{"sh", "-c", "exit 5"}, first.Execs[1].Argv)
		assert.Equal(t, 5, first.Exit.Code)
		exec := events(run, "execve")
		require.Len(t, exec, 1)
		assert.Equal(t, first.Execs[1].Seq, exec[0].Done)
		assert.Equal(t, run.Host.Namespaces, first.Last.Namespaces)
	}
}

// TestKilledWithItsInit is repeated because every thread may be killed at every
// stop, and each has another way to be lost.
func TestKilledWithItsInit(t *testing.T) {
	t.Parallel()
	for range 20 {
		run := record(t, "kill")
		made := others(run)
		require.Len(t, made, 2)
		child, inside := made[0], made[1]
		require.NotNil(t, inside.Exit)
		require.Equal(t, "SIGKILL", child.Exit.Signal)
		require.Equal(t, "SIGKILL", inside.Exit.Signal)
		require.Less(t, inside.Exit.Seq, child.Exit.Seq)
		require.Equal(t, child.ID, inside.Exit.Parent)
		require.True(t, run.Host.New(inside.Last, "pid"))
		require.Equal(t, child.Born.Namespaces["uts"], inside.Last.Namespaces["uts"])
		require.NotEmpty(t, inside.Last.Hostname)
		require.Empty(t, run.First().Exit.Unreaped)
		send := events(run, "pidfd_send_signal", "kill")
		require.Len(t, send, 1)
		require.Equal(t, "SIGKILL", send[0].Signal)
		require.Equal(t, child.PIDs[0], send[0].PID)
	}
}

func TestInjectedExit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		code     string
		inject   *evidence.Inject
		want     int
		injected bool
	}{
		{"none", "0", nil, 0, false},
		{"changed", "0", &evidence.Inject{ChildExit: 3}, 3, true},
		{"its own stays", "5", &evidence.Inject{ChildExit: 3}, 5, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := openBench(t)
			run := recordCommand(t, b.command("spawn", "wait", "exit", c.code), Options{Inject: c.inject})
			child := others(run)[0]
			assert.Equal(t, c.want, child.Exit.Code)
			assert.Equal(t, c.injected, child.Exit.Injected)
			assert.Equal(t, fmt.Sprintf("exit code %d\n", c.want), string(run.Stdout.Data))
			assert.Zero(t, run.First().Exit.Code)
			assert.Equal(t, c.inject, run.Inject)
		})
	}
	t.Run("exit(2)", func(t *testing.T) {
		t.Parallel()
		b := openBench(t)
		run := recordCommand(t, b.command("spawn", "wait", "rawexit"), Options{Inject: &evidence.Inject{ChildExit: 3}})
		child := others(run)[0]
		assert.Equal(t, 3, child.Exit.Code)
		assert.True(t, child.Exit.Injected)
	})
	t.Run("not in programs that are not its own", func(t *testing.T) {
		t.Parallel()
		b := openBench(t)
		cmd := b.command("fork")
		run := recordCommand(t, cmd, Options{Inject: &evidence.Inject{ChildExit: 3}})
		assert.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	})
}

// TestUnreaped: whether a parent waited is seen the same each time.
func TestUnreaped(t *testing.T) {
	t.Parallel()
	rounds := 50
	if testing.Short() {
		rounds = 5
	}
	for _, c := range []struct {
		how  string
		want int
	}{{"wait", 0}, {"leave", 1}, {"see", 1}} {
		t.Run(c.how, func(t *testing.T) {
			t.Parallel()
			for range rounds {
				run := record(t, "spawn", c.how, "exit", "0")
				require.NotNil(t, run.First().Exit)
				require.Len(t, run.First().Exit.Unreaped, c.want)
				if c.want == 0 {
					require.Less(t, others(run)[0].Exit.Seq, run.First().Exit.Seq)
				} else {
					require.Equal(t, others(run)[0].ID, run.First().Exit.Unreaped[0])
				}
			}
		})
	}
}

func TestOrphan(t *testing.T) {
	t.Parallel()
	run := record(t, "orphan")
	made := others(run)
	require.Len(t, made, 2)
	assert.Equal(t, 6, made[1].Exit.Code)
	assert.Equal(t, -1, made[1].Exit.Parent)
	assert.Equal(t, made[0].ID, made[1].Creator)
	assert.Zero(t, made[0].Exit.Parent)
}

func TestSibling(t *testing.T) {
	t.Parallel()
	run := record(t, "sibling")
	made := others(run)
	require.Len(t, made, 1)
	assert.Zero(t, made[0].Creator, "the first made it, though it is init's child")
	assert.Equal(t, -1, made[0].Exit.Parent)
	assert.Equal(t, "sibling\n", written(run, made[0].ID, "stdout"))
}

func TestStopAndContinue(t *testing.T) {
	t.Parallel()
	run := record(t, "stop")
	assert.Equal(t, 8, run.First().Exit.Code)
	assert.Equal(t, "continued\n", string(run.Stdout.Data))
	var signals []string
	for _, ev := range events(run, "kill") {
		signals = append(signals, ev.Signal)
	}
	assert.Equal(t, []string{"SIGSTOP", "SIGCONT"}, signals)
}

// Pid 1 of a PID namespace is not stopped from within that, though it is traced.
func TestStopIsIgnored(t *testing.T) {
	t.Parallel()
	run := record(t, "spared")
	assert.Equal(t, 8, run.First().Exit.Code)
	assert.Equal(t, "went on\nseen stopped: false\n", string(run.Stdout.Data))
}

func TestDeathBySignal(t *testing.T) {
	t.Parallel()
	run := record(t, "die")
	assert.Equal(t, "SIGKILL", run.First().Exit.Signal)
}

func TestLeaderExitsFirst(t *testing.T) {
	t.Parallel()
	run := record(t, "threads")
	first := run.First()
	assert.Equal(t, 9, first.Exit.Code, "%s", run.Stderr.Data)
	assert.Empty(t, first.Exit.Unreaped)
	assert.Equal(t, run.Host.Namespaces, first.Last.Namespaces)
	require.Len(t, others(run), 1)
	assert.Less(t, others(run)[0].Exit.Seq, first.Exit.Seq)
}

func TestLeaderExitsEarly(t *testing.T) {
	t.Parallel()
	run := record(t, "late")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Equal(t, "named-late", run.First().Last.Hostname)
}

// TestLeaderUnshares: namespaces are a thread's. Those of a leader that is gone
// are not those of what another thread starts.
func TestLeaderUnshares(t *testing.T) {
	t.Parallel()
	rounds := 10
	if testing.Short() {
		rounds = 2
	}
	for _, how := range [][2]string{{"leader", "after"}, {"leader", "before"}, {"other", "after"}, {"other", "before"}} {
		t.Run(how[0]+" "+how[1], func(t *testing.T) {
			t.Parallel()
			for range rounds {
				run := record(t, "unshares", how[0], how[1])
				require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
				require.Len(t, others(run), 1)
				child := others(run)[0]
				inside := how[0] == "leader"
				for _, kind := range []string{"pid", "uts"} {
					assert.Equal(t, inside, run.Host.New(child.Born, kind), kind)
				}
				assert.Equal(t, inside, child.PIDSelf() == 1)
				assert.Equal(t, fmt.Sprintf("I am %d on %s\n", child.PIDSelf(), run.Host.Hostname), written(run, child.ID, "stdout"))
				unshare := events(run, "unshare")
				require.Len(t, unshare, 1)
				assert.Zero(t, unshare[0].Process)
				assert.True(t, run.Host.New(*unshare[0].After, "uts"))
				assert.Equal(t, 0, child.Creator)
				assert.Zero(t, child.Exit.Code)
				assert.Empty(t, run.End.Hiding)
				assert.Empty(t, run.First().Exit.Unreaped)
			}
		})
	}
}

func TestTimeLimit(t *testing.T) {
	t.Parallel()
	b := openBench(t)
	cmd := b.command("spawn", "wait", "sleep")
	cmd.Limits.Time = 500 * time.Millisecond
	run := recordCommand(t, cmd, Options{})
	assert.True(t, run.End.TimedOut)
	assert.Equal(t, cmd.Limits.Time.Microseconds(), run.End.Limit)
	assert.Nil(t, run.First().Exit)
	assert.Equal(t, run.Host.Hostname, run.Host.After)
	assert.Equal(t, run.Host.Namespaces, run.First().Last.Namespaces)
	for _, p := range others(run) {
		assert.Nil(t, p.Exit)
	}
}

func TestManyProcesses(t *testing.T) {
	t.Parallel()
	run := record(t, "many", "200")
	require.Len(t, others(run), 200)
	for _, p := range others(run) {
		require.Equal(t, 3, p.Exit.Code)
		require.Zero(t, p.Creator)
		require.NotZero(t, p.Call)
	}
	assert.Zero(t, run.First().Exit.Code)
	assert.Len(t, events(run, "clone"), 200)
	assert.Empty(t, run.End.Cut)
}

func TestLimitOfProcesses(t *testing.T) {
	t.Parallel()
	b := openBench(t)
	cmd := b.command("many", "60")
	cmd.Limits.Processes = 30
	run := recordCommand(t, cmd, Options{})
	assert.True(t, run.End.OutOfPIDs)
	assert.Equal(t, 99, run.First().Exit.Code)
}

// TestCrowd: processes and threads end in every order, and nothing hangs.
func TestCrowd(t *testing.T) {
	t.Parallel()
	for range 3 {
		run := record(t, "crowd", "10")
		require.NotNil(t, run.First().Exit)
		assert.False(t, run.End.TimedOut)
		for _, p := range others(run) {
			require.NotNil(t, p.Exit)
			require.Zero(t, p.Creator)
			require.NotZero(t, p.Call)
		}
	}
}
