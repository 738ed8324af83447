package sandbox

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// delegated skips a test of groups in the sandbox where the machine cannot have them.
func delegated(t *testing.T) *Host {
	t.Helper()
	h := open(t)
	if f := ProbeFeature(t.Context(), CgroupV2); f.Answer != Yes {
		t.Skip("needs cgroup2: ", f.Why)
	}
	return h
}

func TestGroupsInTheSandbox(t *testing.T) {
	h := delegated(t)
	cmd := attack(t, "groups")
	cmd.Groups = true
	looked := false
	cmd.Watcher = &watcher{look: func(init *Init) {
		looked = true
		assert.GreaterOrEqual(t, init.Groups, 0)
	}}
	got := ran(t, h, cmd)
	assert.True(t, looked)
	assert.Equal(t, []string{"own group"}, got.with("0::/session.scope"))
	assert.Equal(t, "cpu memory pids", got.of(t, "controllers"))
	for _, what := range []string{"make group", "limit memory", "limit cpu", "limit pids", "join", "leave", "remove group"} {
		assert.Equal(t, "ok", got.of(t, what), what)
	}
	assert.Equal(t, "104857600", got.of(t, "memory.max"))
	assert.Equal(t, "50000 100000", got.of(t, "cpu.max"))
	assert.Empty(t, dirsOf(h))
}

// TestGroupsAreAFence: no limit of the sandbox can be got at from inside.
func TestGroupsAreAFence(t *testing.T) {
	h := delegated(t)
	cmd := attack(t, "groupescape")
	cmd.Groups = true
	got := ran(t, h, cmd)
	if h.ids.base != os.Getuid() { // else its files are the sandbox's, see box
		got.every(t, "write ", "EACCES", "EPERM", "ENOENT")
	}
	assert.Equal(t, "box", got.of(t, "root of the mount"))
	assert.NotEqual(t, "ok", got.of(t, "mount version 1"))
	assert.Equal(t, "EBUSY", got.of(t, "remove own group"))
	assert.Empty(t, dirsOf(h))
}

// TestGroupsOfTheSandboxAreRemoved: whatever the program made, and whether it has
// ended, is killed, or the checker is.
func TestGroupsOfTheSandboxAreRemoved(t *testing.T) {
	h := delegated(t)
	cmd := attack(t, "groupforest")
	cmd.Groups, cmd.Limits.Time = true, 4*time.Second // its processes sleep, when all are there
	got := ran(t, h, cmd)
	assert.Equal(t, strconv.Itoa(maxGroups), got.of(t, "groups"))
	assert.Equal(t, "EAGAIN", got.of(t, "make one more"))
	assert.Equal(t, "ok", got.of(t, "freeze"))
	assert.Len(t, got.with("ok"), 3) // the deepest hands down controllers, and takes no process
	assert.Empty(t, dirsOf(h))

	cmd = attack(t, "groupforest", "stay")
	cmd.Groups, cmd.Limits.Time = true, 2*time.Second
	assert.True(t, run(t, h, cmd).TimedOut)
	assert.Empty(t, dirsOf(h))

	c := startChecker(t, time.Minute, attackEnv+"=groupforest stay")
	forests := func() (n int) {
		for _, dir := range cgroupsOf(c.pid) {
			wide, _ := filepath.Glob(dir + "/" + box + "/wide*")
			if len(wide) > 30 {
				n++
			}
		}
		return n
	}
	require.Eventually(t, func() bool { return forests() == 2 }, 30*time.Second, 10*time.Millisecond)
	c.kill(t)
	c.gone(t)
}

// TestGroupsOfAKilledJanitor are removed by the next checker.
func TestGroupsOfAKilledJanitor(t *testing.T) {
	h := delegated(t)
	dir := filepath.Join(h.groups.dirs[0], groupPrefix+"999999999-1-"+strings.Split(h.name, "-")[3]+"-gone-0")
	require.NoError(t, os.MkdirAll(dir+"/"+box+"/a/b/c", 0o755))
	require.NoError(t, os.Mkdir(dir+"/"+box+"/d", 0o755))
	h.groups.sweep()
	_, err := os.Stat(dir)
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// TestOutOfMemoryInAGroupOfItsOwn is not the sandbox's doing.
func TestOutOfMemoryInAGroupOfItsOwn(t *testing.T) {
	h := delegated(t)
	cmd := attack(t, "groupmemory")
	cmd.Groups = true
	res, err := h.Run(context.Background(), cmd)
	require.NoError(t, err)
	assert.Equal(t, unix.SIGKILL, res.Status.Signal())
	assert.False(t, res.OutOfMemory)

	cmd = attack(t, "memory", "512")
	cmd.Groups, cmd.Limits.Memory = true, 48<<20
	res, err = h.Run(context.Background(), cmd)
	require.NoError(t, err)
	assert.True(t, res.OutOfMemory)
}
