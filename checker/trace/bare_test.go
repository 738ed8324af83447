package trace

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// bare returns a recorder that watches nothing: a test tells it what happened.
// Its host is this machine, its sandbox's init a process that nobody knows.
func bare(t *testing.T) *Recorder {
	t.Helper()
	fd, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	r := New(Options{})
	r.proc = newProcfs(fd)
	r.looks = newLooks(r.proc)
	t.Cleanup(r.looks.close)
	r.init = &sandbox.Init{}
	r.begun = true
	r.host, err = r.looks.namespaces(os.Getpid(), inodes{}, kinds[:])
	require.NoError(t, err)
	r.looks.present = r.host[utsKind]
	data, err := r.proc.read(os.Getpid(), "status")
	require.NoError(t, err)
	s, ok := parseStatus(data)
	require.True(t, ok)
	r.depth = len(s.nspid) - 1
	r.first = known(r, -1, 77)
	return r
}

// known adds a process that the recorder knows.
func known(r *Recorder, creator int, self int) *process {
	p := &process{pid: -1 - len(r.run.Processes), tasks: map[int]*task{}, pids: []int{self}}
	p.ev = &evidence.Process{ID: len(r.run.Processes), Creator: creator, PIDs: p.pids}
	r.run.Processes = append(r.run.Processes, p.ev)
	r.procs[p.pid] = p
	return p
}

// bystander starts a process that stays until the test ends.
func bystander(t *testing.T) int {
	t.Helper()
	cmd := exec.Command("cat")
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		in.Close()
		cmd.Wait()
	})
	return cmd.Process.Pid
}

func callNamed(t *testing.T, r *Recorder, name string) *call {
	t.Helper()
	for i := range r.calls {
		if r.calls[i].name == name {
			return &r.calls[i]
		}
	}
	require.Fail(t, "no call", name)
	return nil
}

func TestCreatorGone(t *testing.T) {
	t.Parallel()
	r := bare(t)
	clone := callNamed(t, r, "clone")
	unknown := bystander(t)
	require.NoError(t, r.adopt(unknown, nil, nil))
	got := r.procs[unknown].ev
	assert.Zero(t, got.Creator, "nobody else can be told")
	assert.True(t, got.CreatorUnknown)

	helper := known(r, 0, 78)
	died := &task{tid: 78, proc: helper, pending: &pending{call: clone}}
	r.unfinished(died)
	r.unfinished(died)
	require.Len(t, r.unborn, 1, "one call is counted once")
	made := bystander(t)
	require.NoError(t, r.adopt(made, nil, nil))
	got = r.procs[made].ev
	assert.Equal(t, helper.ev.ID, got.Creator, "it was killed while it made one")
	assert.True(t, got.CreatorUnknown)
	assert.Empty(t, r.unborn)

	// The creator's event comes after all.
	late := known(r, 0, 79)
	late.ev.ID, got.ID = got.ID, late.ev.ID // it was there before
	require.NoError(t, r.adopt(made, &task{proc: late}, &pending{call: clone}))
	assert.Equal(t, late.ev.ID, got.Creator)
	assert.False(t, got.CreatorUnknown)
}

func TestParentIsCreator(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		self    int // the parent's pid
		unknown bool
	}{{5, false}, {1, true}} {
		r := bare(t)
		parent := known(r, 0, c.self)
		r.procs[os.Getpid()] = parent
		killed := known(r, 0, 78)
		r.unborn = []*process{killed}
		made := bystander(t)
		require.NoError(t, r.adopt(made, nil, nil))
		want := parent
		if c.unknown {
			want = killed
		}
		assert.Equal(t, want.ev.ID, r.procs[made].ev.Creator)
		assert.Equal(t, c.unknown, r.procs[made].ev.CreatorUnknown)
	}
}

// TestUnrecorded: processes beyond the limit count as left behind, too.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	r := bare(t)
	kept := known(r, 0, 78)
	beyond := &process{pid: bystander(t), tasks: map[int]*task{}}
	r.procs[beyond.pid] = beyond
	list, unknown := r.unreaped(r.first)
	assert.Equal(t, []int{kept.ev.ID}, list)
	assert.Equal(t, 1, unknown)

	// This package has waited for it, its parent has not.
	zombie := exec.Command("true")
	require.NoError(t, zombie.Start())
	var info unix.Siginfo
	require.NoError(t, unix.Waitid(unix.P_PID, zombie.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil))
	data, err := r.proc.read(zombie.Process.Pid, "status")
	require.NoError(t, err)
	s, _ := parseStatus(data)
	dead := &process{pid: zombie.Process.Pid, tasks: map[int]*task{}, pids: s.nspid[r.depth:]}
	r.bury(dead)
	_, unknown = r.unreaped(r.first)
	assert.Equal(t, 1, unknown, "its pid is another's, whose parent nobody knows")
	parent := known(r, 0, 79)
	r.procs[os.Getpid()] = parent
	_, unknown = r.unreaped(parent)
	assert.Equal(t, 2, unknown)
	require.NoError(t, zombie.Wait())
	_, unknown = r.unreaped(parent)
	assert.Equal(t, 1, unknown)
	r.crowd = 0
	r.bury(dead)
	assert.Empty(t, r.gone, "nobody has to wait for them any more")
}
