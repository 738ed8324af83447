package trace

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

func TestTree(t *testing.T) {
	t.Parallel()
	run := record(t, "tree")
	made := others(run)
	require.Len(t, made, 3+1) // two of its own, the shell, and the shell's hostname
	first, second, sh, hostname := made[0], made[1], made[2], made[3]
	assert.Equal(t, []int{0, 0, second.ID, sh.ID}, []int{first.Creator, second.Creator, sh.Creator, hostname.Creator})
	assert.True(t, run.Made(0, sh.ID))
	assert.Equal(t, 4, sh.Exit.Code)
	assert.Equal(t, second.ID, sh.Exit.Parent)
	assert.Equal(t, []string{"/bin/sh", "-c", "hostname; exit 4"}, sh.Execs[0].Argv)
	assert.False(t, sh.Execs[0].Self)
	assert.True(t, first.Execs[0].Self)
	assert.Equal(t, []string{"/proc/self/exe", "tree", "1"}, first.Execs[0].Argv)
	assert.Equal(t, run.Host.Hostname+"\n", written(run, hostname.ID, "stdout"))
	assert.Equal(t, run.Host.Hostname+"\n", string(run.Stdout.Data))
	for _, p := range run.Processes {
		assert.Equal(t, run.Host.Namespaces, p.Born.Namespaces)
		assert.Equal(t, run.Host.Namespaces, p.Last.Namespaces)
		assert.Len(t, p.PIDs, 1)
		require.NotNil(t, p.Exit)
	}
	assert.Zero(t, run.First().Exit.Code)
	assert.Empty(t, run.First().Exit.Unreaped)
	assert.Equal(t, -1, run.First().Exit.Parent)
	for _, exec := range events(run, "execve") {
		assert.Zero(t, exec.Result)
		assert.NotZero(t, exec.Done)
	}
}

func TestNoiseIsNoEvent(t *testing.T) {
	t.Parallel()
	run := record(t, "tree")
	probes := 0
	for _, p := range run.Processes {
		if p.Probe {
			probes++
			assert.Zero(t, p.Call)
		}
	}
	assert.Equal(t, 2, probes, "the first process and the one that runs the shell ask whether pidfds work")
	var calls []string
	for _, ev := range run.Events {
		assert.NotContains(t, ev.Flags, "CLONE_THREAD")
		calls = append(calls, ev.Call)
	}
	assert.NotContains(t, calls, "pidfd_send_signal")
}

func TestNamespaces(t *testing.T) {
	t.Parallel()
	run := record(t, "container")
	made := others(run)
	require.Len(t, made, 3)
	child, inside, deeper := made[0], made[1], made[2]
	for _, kind := range []string{"pid", "uts", "mnt", "ipc"} {
		assert.True(t, run.Host.New(child.Born, kind), kind)
		assert.True(t, run.Host.New(child.Last, kind), kind)
	}
	for _, kind := range []string{"net", "user", "cgroup"} {
		assert.False(t, run.Host.New(child.Born, kind), kind)
	}
	assert.Equal(t, 1, child.PIDSelf())
	assert.Len(t, child.PIDs, 2)
	assert.NotEqual(t, 1, inside.PIDSelf())
	assert.Equal(t, child.Born.Namespaces, inside.Born.Namespaces)
	assert.Len(t, deeper.PIDs, 3)
	assert.Equal(t, 1, deeper.PIDSelf())
	assert.NotEqual(t, child.Born.Namespaces["pid"], deeper.Born.Namespaces["pid"])
	assert.Equal(t, child.Born.Namespaces["uts"], deeper.Born.Namespaces["uts"])

	clone := run.Events[0]
	assert.Equal(t, "clone", clone.Call)
	assert.Subset(t, clone.Flags, []string{"CLONE_NEWPID", "CLONE_NEWUTS", "CLONE_NEWNS", "CLONE_NEWIPC", "SIGCHLD"})
	assert.Equal(t, child.ID, clone.Child)
	assert.Equal(t, int64(child.PIDs[0]), clone.Result)

	assert.Equal(t, run.Host.Hostname, child.Born.Hostname)
	assert.Equal(t, "second-name", child.Last.Hostname)
	assert.Equal(t, "second-name", inside.Born.Hostname)
	assert.Equal(t, run.Host.Hostname, run.Host.After)
	uts := child.Born.Namespaces["uts"]
	var history []string
	for _, n := range run.Names {
		if n.UTS == uts {
			history = append(history, n.Name)
		}
	}
	assert.Equal(t, []string{run.Host.Hostname, "first-name", "second-name"}, history)
	set := events(run, "sethostname")
	require.Len(t, set, 2)
	assert.Equal(t, "first-name", set[0].Text)
	assert.Equal(t, run.Host.Hostname, set[0].Before)
	assert.Equal(t, "first-name", set[0].After.Hostname)
	assert.Equal(t, "first-name", set[1].Before)

	var names []string
	for _, ev := range events(run, "write") {
		if ev.Process == child.ID && ev.Target.Kind == "stdout" {
			names = append(names, ev.After.Hostname)
		}
	}
	assert.Equal(t, []string{run.Host.Hostname, "first-name"}, names)
	assert.Contains(t, written(run, inside.ID, "stdout"), fmt.Sprintf("I am %d on second-name", inside.PIDSelf()))
}

func TestNamespacesAreThoseOfTheThread(t *testing.T) {
	t.Parallel()
	run := record(t, "unshare")
	unshare := events(run, "unshare")
	require.Len(t, unshare, 1)
	assert.Equal(t, []string{"CLONE_NEWUTS"}, unshare[0].Flags)
	assert.True(t, run.Host.New(*unshare[0].After, "uts"))
	assert.Equal(t, "of-the-thread", events(run, "sethostname")[0].After.Hostname)
	writes := events(run, "write")
	require.Len(t, writes, 2)
	assert.Equal(t, "of-the-thread", writes[0].After.Hostname)
	assert.Equal(t, run.Host.Hostname, writes[1].After.Hostname)
	assert.False(t, run.Host.New(run.First().Last, "uts"), "the leader stayed")
}

func TestUserNamespace(t *testing.T) {
	t.Parallel()
	run := record(t, "user")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	child := others(run)[0]
	assert.True(t, run.Host.New(child.Born, "user"))
	assert.True(t, run.Host.New(child.Born, "uts"))
	assert.Equal(t, "nested", child.Last.Hostname)
	assert.Equal(t, "I am 1 on nested\n", written(run, child.ID, "stdout"))
	var maps []string
	for _, ev := range events(run, "openat") {
		maps = append(maps, ev.Path)
	}
	assert.Contains(t, maps, fmt.Sprintf("/proc/%d/uid_map", child.PIDs[0]))
}

// TestHeldNamespaces: that the recorder holds namespaces open does not keep a
// submission from making more.
func TestHeldNamespaces(t *testing.T) {
	t.Parallel()
	run := record(t, "spaces", "100")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Equal(t, []string{"namespaces"}, run.End.Cut)
	assert.Equal(t, "space-99", run.First().Last.Hostname)
	assert.Len(t, events(run, "unshare"), 100)
	seen := map[uint64]bool{}
	for _, ev := range events(run, "unshare")[:maxHeld-1] {
		uts := ev.After.Namespaces["uts"]
		assert.False(t, seen[uts], "no number twice as long as they are held")
		seen[uts] = true
	}
}

func TestHostChanged(t *testing.T) {
	t.Parallel()
	run := record(t, "host")
	assert.Equal(t, "renamed", run.Host.After)
	assert.NotEqual(t, "renamed", run.Host.Hostname)
	assert.Equal(t, []string{"/tmp"}, run.Host.MountsLeft)
	assert.Contains(t, run.Host.Mounts, "/proc")
	set := events(run, "sethostname")
	require.Len(t, set, 2)
	assert.Empty(t, set[0].Errno)
	assert.Equal(t, "EINVAL", set[1].Errno)
	assert.Equal(t, strings.Repeat("x", 65), set[1].Text)
	domain := events(run, "setdomainname")
	require.Len(t, domain, 1)
	assert.Equal(t, "domain", domain[0].Text)
	mount := events(run, "mount")
	require.Len(t, mount, 1)
	assert.Equal(t, "/tmp", mount[0].Path)
	assert.Equal(t, "tmpfs", mount[0].FSType)
	assert.Equal(t, []string{"MS_NOSUID"}, mount[0].Flags)
}

func TestMounts(t *testing.T) {
	t.Parallel()
	run := record(t, "mount")
	assert.Zero(t, run.First().Exit.Code)
	assert.Empty(t, run.Host.MountsLeft, "its mounts were in a namespace of its own")
	pivot := events(run, "pivot_root")
	require.Len(t, pivot, 1)
	assert.Equal(t, "/tmp/root", pivot[0].Path)
	assert.Equal(t, "/tmp/root/old", pivot[0].Source)
	assert.True(t, run.Host.New(*pivot[0].After, "mnt"))
	assert.Equal(t, []string{"MS_REC", "MS_PRIVATE"}, events(run, "mount")[0].Flags)
	umount := events(run, "umount2")
	require.Len(t, umount, 2)
	assert.Equal(t, []string{"MNT_DETACH"}, umount[0].Flags)
	assert.Equal(t, "ENOENT", umount[1].Errno)
	chroot := events(run, "chroot")
	require.Len(t, chroot, 1)
	assert.Equal(t, "/", chroot[0].After.Root)
	assert.Equal(t, "/", events(run, "chdir")[0].Path)
}

func TestWritesInEveryWay(t *testing.T) {
	t.Parallel()
	run := record(t, "outputs")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	const out = "dup;writev;pwritev2;sendfile;abcdefgh-splice;tee;pipe-splice;vmsplice;"
	assert.Equal(t, out, string(run.Stdout.Data))
	assert.Equal(t, out, written(run, 0, "stdout"))
	assert.Equal(t, "stderr;", written(run, 0, "stderr"))
	assert.Equal(t, "sendto;sendmsg;sendmmsg;twice;", written(run, 0, "socket"))
	assert.Equal(t, "null;", written(run, 0, "null"))
	assert.Empty(t, written(run, 0, "closed"))

	by := map[string]string{}
	for _, ev := range run.Events {
		if ev.Target != nil && ev.Target.Kind == "stdout" {
			by[ev.Call] += string(ev.Data)
			assert.False(t, ev.Cut)
			assert.Equal(t, int64(len(ev.Data)), ev.Result)
			assert.NotNil(t, ev.After)
		}
	}
	assert.Equal(t, map[string]string{
		"write": "dup;", "writev": "writev;", "pwritev2": "pwritev2;", "sendfile": "sendfile;abcdefgh",
		"splice": "-splice;pipe-splice;", "tee": "tee;", "vmsplice": "vmsplice;",
	}, by)

	var partial *evidence.Event
	for _, ev := range events(run, "write") {
		if strings.HasPrefix(string(ev.Data), "partial;") {
			partial = ev
		}
	}
	require.NotNil(t, partial)
	assert.Equal(t, int64(8000), partial.Size)
	assert.Equal(t, int64(4096), partial.Result)
	assert.Len(t, partial.Data, 4096)

	file := events(run, "write")
	for _, ev := range file {
		if ev.Target.Kind == "closed" {
			assert.Equal(t, "EBADF", ev.Errno)
			assert.Nil(t, ev.Data)
		}
	}
}

func TestPipeToTheParent(t *testing.T) {
	t.Parallel()
	run := record(t, "relay")
	child := others(run)[0]
	said := fmt.Sprintf("I am 1 on %s\n", run.Host.Hostname)
	assert.Equal(t, said, written(run, child.ID, "pipe"))
	assert.Equal(t, "it said: "+said, written(run, 0, "stdout"))
	assert.Equal(t, [3]string{"stdin", "pipe", "stderr"}, stdio(child))
	assert.Equal(t, [3]string{"stdin", "stdout", "stderr"}, stdio(run.First()))
}

func stdio(p *evidence.Process) (kinds [3]string) {
	for i, target := range p.Execs[0].Stdio {
		kinds[i] = target.Kind
	}
	return kinds
}

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

func TestFlood(t *testing.T) {
	t.Parallel()
	run := record(t, "flood", "15000")
	assert.Equal(t, []string{"events"}, run.End.Cut)
	assert.LessOrEqual(t, len(events(run, "write")), maxWrites)
	assert.Greater(t, len(events(run, "write")), maxWrites/2)
	assert.Len(t, events(run, "clone"), 1, "the calls that come later are kept")
	assert.Len(t, written(run, 0, "stdout"), maxProcess)
	assert.Equal(t, int64(15000*100), run.Stdout.Total)
	assert.Zero(t, run.First().Exit.Code)
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

func TestForks(t *testing.T) {
	t.Parallel()
	run := record(t, "fork")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	made := others(run)
	require.Len(t, made, 5) // the fork; the shell, hostname, hostname, cat
	assert.Empty(t, made[0].Execs)
	assert.Equal(t, strings.Repeat(run.Host.Hostname+"\n", 2), string(run.Stdout.Data))
	assert.Equal(t, run.Host.Hostname+"\n", written(run, made[3].ID, "pipe"))
	assert.Equal(t, run.Host.Hostname+"\n", written(run, made[4].ID, "stdout"))
}

func TestFilesThatMatter(t *testing.T) {
	t.Parallel()
	run := record(t, "files")
	var seen []string
	for _, ev := range events(run, "openat") {
		seen = append(seen, ev.Path+" "+ev.Errno)
		assert.Contains(t, ev.Flags, "O_WRONLY")
	}
	// The root is read-only, and the name in /proc is real root's to write.
	assert.Equal(t, []string{"/etc/hostname EROFS", "/proc/sys/kernel/hostname EACCES", "/work/../etc/hostname EROFS"}, seen)
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

func TestLines(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("testdata/tracee/main.go")
	require.NoError(t, err)
	want := map[string]string{}
	for i, line := range strings.Split(string(source), "\n") {
		if _, mark, ok := strings.Cut(line, "// line: "); ok {
			want[mark] = fmt.Sprintf("main.go:%d", i+1)
		}
	}
	require.Len(t, want, 4)
	run := record(t, "lines")
	got := map[string]string{}
	for _, ev := range run.Events {
		if _, ok := want[ev.Call]; ok && ev.Process == 0 {
			got[ev.Call] = ev.At
		}
	}
	assert.Equal(t, want, got)
	assert.Equal(t, want["clone"], events(run, "execve")[0].At, "the child still runs its creator's code")
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	b := openBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(300*time.Millisecond, cancel)
	_, err := Record(ctx, b.host, b.command("sleep"), Options{})
	assert.ErrorIs(t, err, context.Canceled)
}

func TestProgramThatCannotRun(t *testing.T) {
	t.Parallel()
	b := openBench(t)
	cmd := b.command()
	cmd.Files = []sandbox.File{{Path: cmd.Path, Data: []byte("no program"), Mode: 0o755}}
	run, err := Record(context.Background(), b.host, cmd, Options{})
	if err == nil {
		assert.NotEmpty(t, run.End.Broken)
	}
}
