package sandbox

import (
	"bytes"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// machineWorks is the canary of the bombs: the machine starts processes.
func machineWorks(t *testing.T) {
	t.Helper()
	start := time.Now()
	require.NoError(t, exec.Command("/bin/true").Run())
	assert.Less(t, time.Since(start), 5*time.Second)
}

func TestForkBomb(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "forks")
	cmd.Limits.Processes = 32
	res := run(t, h, cmd)
	got := read(t, res)
	assert.Equal(t, "EAGAIN", got.of(t, "fork"))
	n, err := strconv.Atoi(got.of(t, "processes"))
	require.NoError(t, err)
	assert.Greater(t, n, 16) // init and the threads of the runtime count too
	assert.LessOrEqual(t, n, 31)
	assert.Equal(t, h.NoGroups() == nil, res.OutOfPIDs)

	cmd = attack(t, "forkbomb")
	cmd.Limits = Limits{Processes: 32, Time: 300 * time.Millisecond}
	mark := randomLetters(20)
	cmd.Env = []string{markEnv + "=" + mark}
	res = run(t, h, cmd)
	assert.True(t, res.TimedOut)
	assert.Empty(t, marked(mark))
	machineWorks(t)
}

func TestMemoryBombs(t *testing.T) {
	t.Parallel()
	h := open(t)
	limit, much := int64(48<<20), "256"
	if h.NoGroups() != nil {
		limit, much = 256<<20, "1024" // of address space: the Go runtime takes some at once
	}
	for _, how := range []string{"memory", "memfd", "sysv", "tmpfs"} {
		t.Run(how, func(t *testing.T) {
			if how != "memory" {
				grouped(t, h)
			}
			cmd := attack(t, how, "24")
			cmd.Limits.Memory = limit
			assert.Contains(t, ran(t, h, cmd), try{how, "ok"}, "half of the limit must be there to be used")
			cmd.Args[2] = much
			res := run(t, h, cmd)
			assert.NotContains(t, string(res.Stdout.Data), "ok\t"+how)
			assert.False(t, res.Status.Exited() && res.Status.ExitStatus() == 0)
			if h.NoGroups() == nil {
				assert.True(t, res.OutOfMemory)
				assert.Equal(t, unix.SIGKILL, res.Status.Signal())
			}
		})
	}
	machineWorks(t)
}

func TestDiskBombs(t *testing.T) {
	t.Parallel()
	h := open(t)
	d := DefaultLimits()
	dirs := []string{"/tmp", WorkDir, "/dev/shm"}
	got := ran(t, h, attack(t, append([]string{"fill"}, dirs...)...))
	got.every(t, "fill ", "ENOSPC")
	n, err := strconv.ParseInt(got.of(t, "bytes"), 10, 64)
	require.NoError(t, err)
	assert.InDelta(t, d.Disk, n, 1<<20)

	got = ran(t, h, attack(t, append([]string{"inodes"}, dirs...)...))
	got.every(t, "inodes ", "ENOSPC")
	n, err = strconv.ParseInt(got.of(t, "files"), 10, 64)
	require.NoError(t, err)
	assert.InDelta(t, d.Inodes, n, 128)

	cmd := attack(t, "fill", "/tmp")
	cmd.Limits = Limits{Disk: 1 << 20, Inodes: 64}
	got = ran(t, h, cmd)
	n, err = strconv.ParseInt(got.of(t, "bytes"), 10, 64)
	require.NoError(t, err)
	assert.InDelta(t, 1<<20, n, 64<<10)
}

func TestMountBomb(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "mountbomb")
	cmd.Limits = Limits{Memory: 96 << 20, Time: 300 * time.Millisecond}
	start := time.Now()
	res := run(t, h, cmd)
	assert.Less(t, time.Since(start), 10*time.Second)
	assert.Contains(t, string(res.Stdout.Data), "ok\tstart\n")
	machineWorks(t)
}

func TestNamespaceBombs(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, how := range [][]string{{"namespaces"}, {"nested", "namespaces"}} {
		got := ran(t, h, attack(t, how...))
		for _, kind := range []string{"user", "uts", "net", "ipc", "mnt", "cgroup", "pid"} {
			assert.Equal(t, "true", got.of(t, kind+" bounded"), "%v", how)
			assert.Equal(t, "true", got.of(t, kind+" usable"), "%v", how)
			assert.Equal(t, "ENOSPC", got.of(t, kind), "%v", how)
		}
	}
	depth, err := strconv.Atoi(ran(t, h, attack(t, "descend")).of(t, "depth"))
	require.NoError(t, err)
	assert.Less(t, depth, 33)
	assert.Greater(t, depth, 1)
	machineWorks(t)
}

// TestCountsSharedWithTheMachine looks at what the kernel counts for the
// owner of a user namespace too, that is, for the machine's user.
func TestCountsSharedWithTheMachine(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, bomb := range []struct {
		name        string
		least, most int
	}{
		{"inotify", 3, 32}, {"signals", 64, 4096}, {"queues", 1, 8},
	} {
		for _, how := range [][]string{{bomb.name}, {"nested", bomb.name}} {
			n, err := strconv.Atoi(ran(t, h, attack(t, how...)).of(t, "instances"))
			require.NoError(t, err)
			assert.LessOrEqual(t, n, bomb.most, "%v", how)
			assert.GreaterOrEqual(t, n, bomb.least, "%v", how)
		}
	}
}

func TestOutputFlood(t *testing.T) {
	t.Parallel()
	h := open(t)
	const first, second = 3<<20 + 17, 2<<20 + 1
	res := run(t, h, attack(t, "flood", strconv.Itoa(first), strconv.Itoa(second)))
	require.Zero(t, int(res.Status), "%s", res.Stderr.Data[:min(200, len(res.Stderr.Data))])
	for _, s := range []struct {
		stream Stream
		total  int64
	}{{res.Stdout, first}, {res.Stderr, second}} {
		assert.Equal(t, s.total, s.stream.Total)
		assert.Len(t, s.stream.Data, 1<<20)
		for i, b := range s.stream.Data {
			if b != 'a'+byte(i%26) {
				require.Equal(t, string(rune('a'+i%26)), string(rune(b)), "byte %d", i)
			}
		}
	}
	cmd := attack(t, "flood", "1000", "10")
	cmd.Limits.Output = 100
	var live, liveErr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &live, &liveErr
	res = run(t, h, cmd)
	assert.Len(t, res.Stdout.Data, 100)
	assert.Equal(t, int64(1000), res.Stdout.Total)
	assert.Len(t, res.Stderr.Data, 10)
	assert.Equal(t, 1000, live.Len())
	assert.Equal(t, string(res.Stderr.Data), liveErr.String())

	res = run(t, h, attack(t, "flood", "0", "0"))
	assert.Empty(t, res.Stdout.Data)
	assert.Zero(t, res.Stdout.Total)
}

// TestOutputEndsWithTheSandbox has the program keep the pipes open in a place
// that no process holds.
func TestOutputEndsWithTheSandbox(t *testing.T) {
	t.Parallel()
	h := open(t)
	start := time.Now()
	res := run(t, h, attack(t, "rights"))
	assert.True(t, strings.HasPrefix(string(res.Stdout.Data), "ok\theld"))
	assert.Less(t, time.Since(start), 5*time.Second)
}
