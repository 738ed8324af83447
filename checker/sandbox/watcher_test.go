package sandbox

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// watcher waits as a plain wait does, and hands out the Init.
type watcher struct {
	attached  chan *Init
	attachErr error
	waitErr   error
	look      func(*Init)
}

func (w *watcher) Attach(init *Init) error {
	if w.attached != nil {
		w.attached <- init
	}
	if w.look != nil {
		w.look(init)
	}
	return w.attachErr
}

func (w *watcher) Wait(init *Init) (unix.WaitStatus, error) {
	if w.waitErr != nil {
		return 0, w.waitErr
	}
	var status unix.WaitStatus
	for {
		if _, err := unix.Wait4(init.PID, &status, unix.WALL, nil); err != unix.EINTR {
			return status, err
		}
	}
}

func TestProcessesAreUnprivilegedOutside(t *testing.T) {
	t.Parallel()
	h := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	mark := randomLetters(20)
	go func() {
		cmd := attack(t, "linger")
		cmd.Env = []string{markEnv + "=" + mark}
		cmd.Limits.Time = time.Minute
		_, err := h.Run(ctx, cmd)
		done <- err
	}()
	eventually(t, "the sandbox runs", func() bool { return len(marked(mark)) >= 5 })
	ids, err := os.ReadFile("/proc/self/uid_map")
	require.NoError(t, err)
	require.False(t, mayBeRoot(ids, h.ids.base))
	for _, p := range marked(mark) {
		status, err := os.ReadFile(strings.Fields(p)[0] + "/status")
		require.NoError(t, err)
		base := fmt.Sprint(h.ids.base)
		assert.Contains(t, string(status), "Uid:\t"+strings.Join([]string{base, base, base, base}, "\t")+"\n", p)
		assert.Contains(t, string(status), "Gid:\t"+strings.Join([]string{base, base, base, base}, "\t")+"\n", p)
		if h.ids.base != 0 {
			assert.Contains(t, string(status), "Groups:\t \n", p)
		}
	}
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
}

func TestWatcherSeesTheInit(t *testing.T) {
	t.Parallel()
	h := open(t)
	pids := ""
	cmd := attack(t, "hello")
	cmd.Watcher = &watcher{look: func(init *Init) {
		fd, err := unix.Openat(init.Proc, fmt.Sprint(init.PID, "/status"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
		assert.NoError(t, err)
		f := os.NewFile(uintptr(fd), "status")
		defer f.Close()
		for sc := bufio.NewScanner(f); sc.Scan(); {
			if v, ok := strings.CutPrefix(sc.Text(), "NSpid:"); ok {
				pids = strings.Join(strings.Fields(v), " ")
			}
		}
		assert.Equal(t, "/submission/main", init.Program)
		for i, ino := range init.Streams {
			assert.NotZero(t, ino)
			assert.NotEqual(t, ino, init.Streams[(i+1)%3])
		}
		assert.False(t, init.TimedOut())
	}}
	run(t, h, cmd)
	assert.Regexp(t, `^\d+.* 1$`, pids)

	cmd.Watcher = &watcher{look: func(init *Init) { init.Kill() }}
	res := run(t, h, cmd)
	assert.True(t, res.Status.Signaled())
	assert.Empty(t, res.Stdout.Data, "killed before it began")
}

func TestFailingWatcherEndsTheSandbox(t *testing.T) {
	t.Parallel()
	h := open(t)
	for _, w := range []*watcher{{attachErr: unix.EIO}, {waitErr: unix.EIO}} {
		mark := randomLetters(20)
		cmd := attack(t, "linger")
		cmd.Env = []string{markEnv + "=" + mark}
		cmd.Watcher = w
		_, err := h.Run(t.Context(), cmd)
		assert.ErrorIs(t, err, unix.EIO)
		assert.Empty(t, marked(mark))
	}
}
