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
	"golang.org/x/sys/unix"

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

func TestNoProbe(t *testing.T) {
	t.Parallel()
	run := record(t, "alike")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	assert.Len(t, others(run), 4)
	assert.Len(t, events(run, "clone3"), 4)

	for _, c := range []struct {
		about  string
		flags  uint64
		noted  bool
		execs  int
		code   int
		signal string
		want   bool
	}{
		{"the probe", probeFlags, false, 0, 0, "", true},
		{"what Go starts a program with", probeFlags | uint64(unix.SIGCHLD), false, 0, 0, "", false},
		{"a container", probeFlags | unix.CLONE_NEWPID, false, 0, 0, "", false},
		{"it did something", probeFlags, true, 0, 0, "", false},
		{"it ran a program", probeFlags, false, 1, 0, "", false},
		{"it failed", probeFlags, false, 0, 1, "", false},
		{"it was killed", probeFlags, false, 0, 0, "SIGKILL", false},
	} {
		r := New(Options{})
		ev := &evidence.Process{ID: 1, Creator: 0, Call: 7, Execs: make([]evidence.Exec, c.execs), Exit: &evidence.Exit{Code: c.code, Signal: c.signal}}
		r.run.Processes = []*evidence.Process{{}, ev}
		r.run.Events = []*evidence.Event{{Seq: 7, Call: "clone", Child: 1}}
		r.probe(&process{ev: ev, flags: c.flags, noted: c.noted})
		assert.Equal(t, c.want, ev.Probe, c.about)
		assert.Equal(t, c.want, r.run.Events[0].Call == "", c.about)
	}
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

func TestJoin(t *testing.T) {
	t.Parallel()
	run := record(t, "join")
	require.Zero(t, run.First().Exit.Code, "%s", run.Stderr.Data)
	setns := events(run, "setns")
	require.Len(t, setns, 1)
	assert.Equal(t, fmt.Sprintf("uts:[%d]", run.Host.Namespaces["uts"]), setns[0].Path)
	assert.Equal(t, []string{"CLONE_NEWUTS"}, setns[0].Flags)
	assert.Equal(t, run.Host.Hostname, setns[0].After.Hostname)
	assert.Equal(t, "elsewhere", events(run, "sethostname")[0].After.Hostname)
	write := events(run, "write")
	assert.Equal(t, run.Host.Namespaces, write[len(write)-1].After.Namespaces)
	assert.Equal(t, "/tmp", events(run, "fchdir")[0].Path)
	assert.Equal(t, "/tmp", run.First().Last.Dir)
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
	var missing []string
	for _, ev := range events(run, "mount") {
		if ev.Errno != "" {
			assert.Equal(t, "ENOENT", ev.Errno, ev.Source)
			missing = append(missing, ev.Missing)
		}
	}
	assert.Equal(t, []string{"path", "source", "source", ""}, missing)
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
