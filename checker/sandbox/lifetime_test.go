package sandbox

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// beChecker is a checker to be killed: it runs sandboxes one after the other,
// whose processes never end, as fast as it can. checkerEnv is the time limit
// of each.
func beChecker() int {
	limit, err := time.ParseDuration(os.Getenv(checkerEnv))
	program, err2 := os.ReadFile(os.Getenv(helperEnv))
	h, err3 := Open()
	if err := errors.Join(err, err2, err3); err != nil {
		fmt.Println(err)
		return 1
	}
	args := []string{"main", "linger"}
	if with := os.Getenv(attackEnv); with != "" {
		args = append([]string{"main"}, strings.Fields(with)...)
	}
	fmt.Println("ready", os.Getpid())
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range 1000 {
				_, err := h.Run(context.Background(), Command{
					Path:   "/submission/main",
					Args:   args,
					Groups: os.Getenv(attackEnv) != "",
					Env:    []string{markEnv + "=" + os.Getenv(markEnv)},
					Files:  []File{{Path: "/submission/main", Data: program, Mode: 0o755}},
					Limits: Limits{Time: limit},
				})
				if err != nil {
					fmt.Println(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return 0
}

// checker is a process that will be killed.
type checker struct {
	cmd       *exec.Cmd
	mark, tmp string
	pid       int // its own, which is not cmd's where it entered a namespace
}

func startChecker(t *testing.T, limit time.Duration, env ...string) *checker {
	t.Helper()
	program, err := helper()
	require.NoError(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "helper")
	require.NoError(t, os.WriteFile(path, program, 0o755))
	c := &checker{mark: randomLetters(20), tmp: filepath.Join(dir, "tmp")}
	require.NoError(t, os.Mkdir(c.tmp, 0o777))
	c.cmd = exec.Command("/proc/self/exe")
	c.cmd.Env = append(os.Environ(), checkerEnv+"="+limit.String(), helperEnv+"="+path, markEnv+"="+c.mark, "TMPDIR="+c.tmp)
	c.cmd.Env = append(c.cmd.Env, env...)
	out, err := c.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.cmd.Start())
	t.Cleanup(func() {
		c.kill(t)
		assert.Empty(t, marked(c.mark), "processes that hold the mark")
	})
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "the checker did not get ready")
	_, err = fmt.Sscanf(lines.Text(), "ready %d", &c.pid)
	require.NoError(t, err, lines.Text())
	go func() {
		for lines.Scan() {
			fmt.Println("checker to be killed:", lines.Text())
		}
	}()
	return c
}

// kill kills the checker as kill -9 does, and reaps it.
func (c *checker) kill(t *testing.T) {
	t.Helper()
	if c.cmd.ProcessState == nil {
		require.NoError(t, c.cmd.Process.Kill())
		c.cmd.Wait()
	}
}

// gone waits until nothing of the checker is left.
func (c *checker) gone(t *testing.T) {
	t.Helper()
	var left []string
	assert.Eventually(t, func() bool {
		left = marked(c.mark)
		left = append(left, cgroupsOf(c.pid)...)
		for _, p := range scripted(c.pid) {
			left = append(left, fmt.Sprint("process ", p))
		}
		names, err := os.ReadDir(c.tmp)
		if err != nil || len(names) > 0 {
			left = append(left, fmt.Sprint(c.tmp, names, err))
		}
		return len(left) == 0
	}, 5*time.Second, 5*time.Millisecond)
	assert.Empty(t, left)
}

// scripted lists the processes of a checker that run scripts: janitors, inits,
// and what has not become a program yet.
func scripted(checker int) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		exe, err := os.Readlink(dir + "/exe")
		if err == nil && strings.HasPrefix(exe, fmt.Sprint("/memfd:", groupPrefix, checker, "-")) {
			pid, _ := strconv.Atoi(filepath.Base(dir))
			pids = append(pids, pid)
		}
	}
	return pids
}

// marked lists the processes that have the mark in their environment: the
// checker and the programs in its sandboxes.
func marked(mark string) (found []string) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err == nil && bytes.Contains(env, []byte(mark)) {
			comm, _ := os.ReadFile(dir + "/comm")
			found = append(found, dir+" "+strings.TrimSpace(string(comm)))
		}
	}
	return found
}

// waitFor polls until f is true.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	require.Eventually(t, f, 10*time.Second, 2*time.Millisecond, what)
}

func TestKilledCheckerLeavesNothing(t *testing.T) {
	t.Parallel()
	open(t) // or skip
	rounds := 15
	if testing.Short() {
		rounds = 4
	}
	if os.Getenv(slowEnv) != "" {
		rounds = 200
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	seen := 0
	for i := range rounds {
		// Every other one is killed amid making sandboxes, the rest while one runs.
		limit, pause := 3*time.Millisecond, time.Duration(rand.IntN(30_000))*time.Microsecond
		if i%2 == 1 {
			limit = time.Minute
		}
		c := startChecker(t, limit)
		if i%4 == 1 {
			eventually(t, "the sandbox runs", func() bool { return len(marked(c.mark)) > 8 })
		} else {
			time.Sleep(pause) // the moment is what is tried here, nothing waits for it
		}
		seen += len(marked(c.mark)) + len(scripted(c.pid))
		c.kill(t)
		c.gone(t)
		require.False(t, t.Failed(), "round %d, limit %v, killed after %v", i, limit, pause)
	}
	assert.Greater(t, seen, 2*rounds, "nothing was there to be left")
	after, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	assert.Equal(t, string(mounts), string(after))
}

func TestKilledJanitorIsSweptAfter(t *testing.T) {
	t.Parallel()
	h := open(t)
	grouped(t, h)
	c := startChecker(t, time.Minute)
	eventually(t, "the sandbox runs", func() bool { return len(cgroupsOf(c.pid)) > 0 && len(marked(c.mark)) > 8 })
	janitors := 0
	for _, pid := range scripted(c.pid) {
		comm, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		require.NoError(t, err)
		if string(comm) == "pidone-janitor\n" {
			janitors++
			require.NoError(t, unix.Kill(pid, unix.SIGKILL))
		}
	}
	require.Equal(t, 2, janitors, "one for each sandbox")
	c.kill(t)
	eventually(t, "its processes end", func() bool { return len(marked(c.mark)) == 0 })
	// The last of its processes may still be leaving. (Other checkers sweep too.)
	eventually(t, "the next checker sweeps", func() bool {
		open(t).groups.sweep()
		return len(cgroupsOf(c.pid)) == 0
	})
}

func TestLiveCheckersAreNotSwept(t *testing.T) {
	t.Parallel()
	h := open(t)
	grouped(t, h)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan *Init, 1)
	done := make(chan error, 1)
	go func() {
		cmd := attack(t, "sleep")
		cmd.Watcher = &watcher{attached: started}
		_, err := h.Run(ctx, cmd)
		done <- err
	}()
	<-started
	before := dirsOf(h)
	require.NotEmpty(t, before)
	h.groups.sweep()
	for _, dir := range before {
		assert.DirExists(t, dir)
	}
	cancel()
	assert.ErrorIs(t, <-done, context.Canceled)
}

func TestCancelledRunEndsAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	started := make(chan *Init, 1)
	done := make(chan error, 1)
	mark := randomLetters(20)
	go func() {
		cmd := attack(t, "linger")
		cmd.Env = []string{markEnv + "=" + mark}
		cmd.Watcher = &watcher{attached: started}
		cmd.Limits.Time = time.Minute
		_, err := h.Run(ctx, cmd)
		done <- err
	}()
	<-started
	eventually(t, "the sandbox runs", func() bool { return len(marked(mark)) >= 5 })
	cancel()
	select {
	case err := <-done:
		assert.ErrorIs(t, err, context.Canceled)
	case <-time.After(10 * time.Second):
		t.Fatal("the sandbox goes on")
	}
	assert.Empty(t, marked(mark))

	_, err := h.Run(ctx, attack(t, "hello"))
	assert.ErrorIs(t, err, context.Canceled)
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	const many = 8
	var mu sync.Mutex
	names := map[string]bool{}
	var wg sync.WaitGroup
	for range many {
		wg.Go(func() {
			for range 3 {
				res, err := h.Run(t.Context(), attack(t, "limits"))
				if assert.NoError(t, err) && assert.Zero(t, int(res.Status)) {
					mu.Lock()
					names[read(t, res).of(t, "hostname")] = true
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	assert.Len(t, names, 3*many)
}
