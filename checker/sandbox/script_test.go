package sandbox

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// runScript forks a process that works through s, and returns the index and
// error of the call that failed in it; -1 if none did.
func runScript(t testing.TB, s *script) (index int, errno unix.Errno) {
	t.Helper()
	var p [2]int
	require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
	defer unix.Close(p[0])
	err := onThread(func() error {
		pid, pidfd, err := s.start(cloneArgs{}, p[1])
		if err != nil {
			return err
		}
		unix.Close(pidfd)
		return waitFor(pid)
	})
	unix.Close(p[1])
	require.NoError(t, err)
	var b [16]byte
	if n, _ := unix.Read(p[0], b[:]); n != len(b) {
		return -1, 0
	}
	return int(binary.NativeEndian.Uint64(b[:8])), unix.Errno(binary.NativeEndian.Uint64(b[8:]))
}

func TestScriptExpectations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		expect expect
		nr     uintptr
		args   []uintptr
		want   int
		errno  unix.Errno
	}{
		{"succeeds", mustSucceed, unix.SYS_GETPID, nil, -1, 0},
		{"fails", mustSucceed, unix.SYS_CLOSE, []uintptr{^uintptr(0)}, 1, unix.EBADF},
		{"may fail", mayFail, unix.SYS_CLOSE, []uintptr{^uintptr(0)}, -1, 0},
		{"is zero", mustBeZero, unix.SYS_UMASK, []uintptr{0}, -1, 0},
		{"is not zero", mustBeZero, unix.SYS_GETPID, nil, 1, 0},
		{"is not one", mustBeOne, unix.SYS_GETPID, nil, 1, 0},
		{"is an error, not zero", mustBeZero, unix.SYS_CLOSE, []uintptr{^uintptr(0)}, 1, unix.EBADF},
	} {
		s := newScript()
		s.do("umask", unix.SYS_UMASK, 0)
		s.do(c.what, c.nr, c.args...).expect = c.expect
		index, errno := runScript(t, s)
		assert.Equal(t, c.want, index, c.what)
		assert.Equal(t, c.errno, errno, c.what)
	}
}

// TestScriptSlots hands a descriptor from one call to the next.
func TestScriptSlots(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	s := newScript()
	s.writeFile(path, "written", mustSucceed)
	index, errno := runScript(t, s)
	require.Equal(t, -1, index, errno)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "written", string(data))

	s = newScript()
	s.writeFile(path+"-missing", "x", mayFail)
	index, _ = runScript(t, s)
	assert.Equal(t, -1, index)
	s = newScript()
	s.writeFile(path+"-missing", "x", mustSucceed)
	index, errno = runScript(t, s)
	assert.Equal(t, 0, index)
	assert.Equal(t, unix.ENOENT, errno)
}

// TestScriptForksAndReaps has the forked process and its parent go different
// ways, and the parent tell how it ended.
func TestScriptForksAndReaps(t *testing.T) {
	t.Parallel()
	var p [2]int
	require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
	defer unix.Close(p[0])
	var alive [2]int
	require.NoError(t, unix.Pipe2(alive[:], unix.O_CLOEXEC))
	defer unix.Close(alive[0])
	defer unix.Close(alive[1])
	s := newScript()
	clone := cloneBytes(cloneArgs{exitSignal: uint64(unix.SIGCHLD)})
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).kind = fork
	s.reapAll(p[1], alive[0])
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.calls[0].target = len(s.calls)
	s.do("exit", unix.SYS_EXIT_GROUP, 42)
	index, errno := runScript(t, s)
	require.Equal(t, -1, index, errno)
	unix.Close(p[1])
	var word [8]byte
	n, err := unix.Read(p[0], word[:])
	require.NoError(t, err)
	require.Equal(t, 4, n)
	assert.Equal(t, 42, unix.WaitStatus(binary.NativeEndian.Uint32(word[:4])).ExitStatus())
}

func TestCloseExcept(t *testing.T) {
	t.Parallel()
	for range 100 {
		keep := []int{}
		for range rand.IntN(12) {
			keep = append(keep, 3+rand.IntN(1+rand.IntN(60)))
		}
		if rand.IntN(2) == 0 {
			keep = append(keep, keep...) // twice is as good as once
		}
		given := slices.Clone(keep)
		s := newScript()
		s.closeExcept(keep...)
		assert.Equal(t, given, keep, "the caller's slice was changed")
		closed := func(fd int) (n int) {
			for _, c := range s.calls {
				require.Equal(t, uintptr(unix.SYS_CLOSE_RANGE), c.nr)
				require.LessOrEqual(t, c.args[0], c.args[1], "%v: EINVAL", given)
				if uintptr(fd) >= c.args[0] && uintptr(fd) <= c.args[1] {
					n++
				}
			}
			return n
		}
		for fd := range 100 {
			want := 1
			if fd < 3 || slices.Contains(given, fd) {
				want = 0
			}
			require.Equal(t, want, closed(fd), "%v: descriptor %d", given, fd)
		}
		require.Equal(t, 1, closed(1<<20))
	}
}

// TestScriptSurvivesTheCollector works scripts while the runtime moves stacks
// and frees memory: what their calls point to must stay.
func TestScriptSurvivesTheCollector(t *testing.T) {
	t.Parallel()
	stop := make(chan struct{})
	var busy sync.WaitGroup
	for range 2 {
		busy.Go(func() {
			var grow func(n int) int
			grow = func(n int) int {
				var pad [512]byte
				if n == 0 {
					return int(pad[0])
				}
				return grow(n-1) + len(strings.Repeat("x", n))
			}
			for {
				select {
				case <-stop:
					return
				default:
					grow(200)
					runtime.GC()
				}
			}
		})
	}
	rounds := 100
	if testing.Short() {
		rounds = 20
	}
	path := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	for i := range rounds {
		s := newScript()
		text := fmt.Sprintf("%07d", i)
		for range 50 {
			s.writeFile(path, strings.Repeat("z", len(text)), mustSucceed)
		}
		s.writeFile(path, text, mustSucceed)
		runtime.GC()
		index, errno := runScript(t, s)
		require.Equal(t, -1, index, errno)
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		require.Equal(t, text, string(data))
	}
	close(stop)
	busy.Wait()
}

// The loop and the structures that it shares with the kernel must look as they do.
func TestKernelStructures(t *testing.T) {
	assert.Equal(t, uintptr(88), unsafe.Sizeof(cloneArgs{}), "CLONE_ARGS_SIZE_VER2")
	assert.Equal(t, uintptr(16), unsafe.Sizeof(report{}))
	assert.Equal(t, -100, unix.AT_FDCWD)
	minus100 := -100
	assert.Equal(t, uintptr(minus100), uintptr(atFDCWD))
}

func TestThreadsOfSandboxesEnd(t *testing.T) {
	t.Parallel()
	for range 50 {
		var tid int
		require.NoError(t, onThread(func() error {
			tid = unix.Gettid()
			return nil
		}))
		assert.NotEqual(t, os.Getpid(), tid, "the main thread never ends")
		eventually(t, "the thread ends", func() bool {
			_, err := os.Stat(fmt.Sprintf("/proc/self/task/%d", tid))
			return os.IsNotExist(err)
		})
	}
}

// TestReaperSeesTheEndOfThePipe: a checker can die at a moment when its
// parent-death signal is missed; the end of its pipe is not.
func TestReaperSeesTheEndOfThePipe(t *testing.T) {
	t.Parallel()
	open(t) // or skip
	var alive [2]int
	require.NoError(t, unix.Pipe2(alive[:], unix.O_CLOEXEC))
	defer unix.Close(alive[0])
	var ready [2]int
	require.NoError(t, unix.Pipe2(ready[:], unix.O_CLOEXEC))
	defer unix.Close(ready[0])
	defer unix.Close(ready[1])
	s := newScript()
	s.closeExcept(alive[0], ready[1])
	clone := cloneBytes(cloneArgs{exitSignal: uint64(unix.SIGCHLD)})
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).kind = fork
	at := len(s.calls) - 1
	s.reapAll(2, alive[0])
	s.calls[at].target = len(s.calls)
	s.do("get ready", unix.SYS_WRITE, uintptr(ready[1]), s.str("x"), 1)
	s.do("sleep", unix.SYS_PPOLL, 0, 0, 0, 0)
	require.NoError(t, onThread(func() error {
		pid, pidfd, err := s.start(cloneArgs{flags: unix.CLONE_NEWUSER | unix.CLONE_NEWPID}, 2)
		if err != nil {
			return err
		}
		defer unix.Close(pidfd)
		if _, err := unix.Read(ready[0], make([]byte, 1)); err != nil {
			return err
		}
		unix.Close(alive[1])
		var status unix.WaitStatus
		_, err = unix.Wait4(pid, &status, unix.WALL, nil)
		assert.Equal(t, 127, status.ExitStatus())
		return err
	}))
}
