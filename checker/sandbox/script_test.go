package sandbox

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// runScript runs a script to its end, and returns the index and error of the
// call that failed in it; -1 if none did.
func runScript(t testing.TB, s *script) (index int, errno unix.Errno) {
	t.Helper()
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.end(0)
	failed, errno, err := s.run()
	require.NoError(t, err)
	return slices.Index(s.calls, failed), errno
}

func TestScriptExpectations(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what  string
		not   results
		nr    uintptr
		args  []uintptr
		want  int
		errno unix.Errno
	}{
		{"succeeds", failure, unix.SYS_GETPID, nil, -1, 0},
		{"fails", failure, unix.SYS_CLOSE, []uintptr{^uintptr(0)}, 1, unix.EBADF},
		{"may fail", never, unix.SYS_CLOSE, []uintptr{^uintptr(0)}, -1, 0},
		{"is zero", but(0), unix.SYS_UMASK, []uintptr{0}, -1, 0},
		{"is not zero", but(0), unix.SYS_GETPID, nil, 1, 0},
		{"is not one", but(1), unix.SYS_GETPID, nil, 1, 0},
		{"is not one but zero", but(1), unix.SYS_UMASK, []uintptr{0}, 1, 0},
		{"is an error, not zero", but(0), unix.SYS_CLOSE, []uintptr{^uintptr(0)}, 1, unix.EBADF},
		{"whatever", anything, unix.SYS_UMASK, []uintptr{0}, 1, 0},
		{"is EBADF", exactly(^uint64(unix.EBADF) + 1), unix.SYS_CLOSE, []uintptr{^uintptr(0)}, 1, unix.EBADF},
		{"is not EBUSY", exactly(^uint64(unix.EBUSY) + 1), unix.SYS_CLOSE, []uintptr{^uintptr(0)}, -1, 0},
	} {
		s := newScript()
		s.do("umask", unix.SYS_UMASK, 0)
		s.must(s.do(c.what, c.nr, c.args...), c.not)
		index, errno := runScript(t, s)
		assert.Equal(t, c.want, index, c.what)
		assert.Equal(t, c.errno, errno, c.what)
	}
}

// TestScriptHandsOver hands a descriptor from one call to the next, and each
// argument of a call.
func TestScriptHandsOver(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	s := newScript()
	s.writeFile("write", path, "written", true)
	index, errno := runScript(t, s)
	require.Equal(t, -1, index, errno)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "written", string(data))

	s = newScript()
	s.writeFile("write", path+"-missing", "x", false)
	index, _ = runScript(t, s)
	assert.Equal(t, -1, index)
	s = newScript()
	s.writeFile("write", path+"-missing", "x", true)
	index, errno = runScript(t, s)
	assert.Equal(t, 0, index)
	assert.Equal(t, unix.ENOENT, errno)

	// mmap(2) looks at all six arguments; its result is written down.
	file, err := os.OpenFile(path, os.O_RDWR|os.O_TRUNC, 0)
	require.NoError(t, err)
	defer file.Close()
	s = newScript()
	fd, at, args := s.word(0), s.word(0), []uint64{0x40000000, 8192, unix.PROT_READ, unix.MAP_PRIVATE | unix.MAP_FIXED, 0, 4096}
	s.do("open", unix.SYS_OPENAT, atFDCWD, s.str(path), unix.O_RDWR|unix.O_CLOEXEC, 0).to(fd)
	call := s.do("map", unix.SYS_MMAP).to(at)
	for i, v := range args {
		if i == 4 {
			call.from(i, fd)
		} else {
			call.from(i, s.word(v))
		}
	}
	s.must(s.test(at, never, nil), but(0x40000000))
	s.must(s.test(s.word(7), never, nil), but(7))
	var over place
	s.test(at, exactly(uint64(at)), &over).load |= 1 << 6 // with itself
	s.do("not reached", unix.SYS_CLOSE, ^uintptr(0))
	s.here(&over)
	s.do("write", unix.SYS_WRITE, 0, at, 8).from(0, fd)
	index, errno = runScript(t, s)
	require.Equal(t, -1, index, errno)
	data, err = os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, uint64(0x40000000), binary.NativeEndian.Uint64(data))
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
	const told, aliveFD = 1, 3
	s := newScript()
	var asChild, over place
	pid := s.word(0)
	clone := cloneArgs{exitSignal: uint64(unix.SIGCHLD)}.bytes()
	s.do("block signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.word(^uint64(0)), 0, 8)
	s.do("move", unix.SYS_DUP3, told, 5, 0)
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).to(pid)
	s.test(pid, exactly(0), &asChild)
	s.reapAll(pid, 5, aliveFD)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.here(&asChild)
	// Its own child is an orphan that is no concern of the reaper's.
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).to(pid).on(exactly(0), &over)
	s.do("exit", unix.SYS_EXIT_GROUP, 42)
	s.here(&over)
	s.do("exit", unix.SYS_EXIT_GROUP, 43)
	s.end(0)
	defer s.close()
	require.NoError(t, <-onThread(func() error {
		child, pidfd, err := s.start("test", -1, p[1], -1, alive[0])
		if err != nil {
			return err
		}
		unix.Close(pidfd)
		var status unix.WaitStatus
		_, err = unix.Wait4(child, &status, unix.WALL, nil)
		assert.Zero(t, int(status))
		return err
	}))
	unix.Close(p[1])
	var word [8]byte
	n, err := unix.Read(p[0], word[:])
	require.NoError(t, err)
	require.Equal(t, 4, n)
	assert.Equal(t, 42, unix.WaitStatus(binary.NativeEndian.Uint32(word[:4])).ExitStatus())
}

// TestScriptHasNothingOfTheCheckers: neither descriptors nor environment nor
// arguments nor its working directory pass to it, and its image is the named one.
func TestScriptHasNothingOfTheCheckers(t *testing.T) {
	t.Parallel()
	leak, err := unix.Open("/dev/null", unix.O_RDONLY, 0) // without O_CLOEXEC
	require.NoError(t, err)
	defer unix.Close(leak)
	var p [2]int
	require.NoError(t, unix.Pipe2(p[:], unix.O_CLOEXEC))
	defer unix.Close(p[1])
	defer unix.Close(p[0])
	s := newScript()
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, 1, 0xffffffff, 0)
	s.do("wait", unix.SYS_READ, 0, s.word(0), 1)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.end(0)
	defer s.close()
	require.NoError(t, <-onThread(func() error {
		pid, pidfd, err := s.start("some-name", p[0])
		if err != nil {
			return err
		}
		defer unix.Close(pidfd)
		dir := fmt.Sprintf("/proc/%d/", pid)
		eventually(t, "only the pipe is open", func() bool {
			fds, err := os.ReadDir(dir + "fd")
			return err == nil && len(fds) == 1
		})
		for file, want := range map[string]string{"environ": "", "cmdline": "\x00"} {
			data, err := os.ReadFile(dir + file)
			assert.NoError(t, err)
			assert.Equal(t, want, string(data), file)
		}
		for file, want := range map[string]string{"exe": "/memfd:some-name (deleted)", "cwd": "/"} {
			target, err := os.Readlink(dir + file)
			assert.NoError(t, err)
			assert.Equal(t, want, target)
		}
		unix.Write(p[1], []byte{1})
		return waitFor(pid)
	}))
}

// reader reads a descriptor, which it does not close.
type reader int

func (r reader) Read(b []byte) (int, error) {
	n, err := unix.Read(int(r), b)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return max(n, 0), err
}

// TestScriptIsExtended: processes that have begun, and their forks, go on with
// calls and data that were not there when they were started.
func TestScriptIsExtended(t *testing.T) {
	t.Parallel()
	var goOn, out [2]int
	require.NoError(t, unix.Pipe2(goOn[:], unix.O_CLOEXEC))
	require.NoError(t, unix.Pipe2(out[:], unix.O_CLOEXEC))
	defer unix.Close(out[0])
	defer unix.Close(goOn[0])
	s := newScript()
	defer s.close()
	var asChild place
	pid, early := s.word(0), s.word(7)
	clone := cloneArgs{flags: unix.CLONE_PARENT}.bytes()
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).to(pid)
	s.test(pid, exactly(0), &asChild)
	s.do("tell", unix.SYS_WRITE, 1, pid, 8)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.failHere(2)
	s.here(&asChild)
	s.test(early, never, s.failed) // its page is its own now
	s.do("wait", unix.SYS_READ, 0, s.word(0), 1)
	require.NoError(t, <-onThread(func() error {
		janitor, pidfd, err := s.start("test", goOn[0], out[1], out[1])
		if err != nil {
			return err
		}
		defer unix.Close(pidfd)
		unix.Close(out[1])
		var told [8]byte
		if _, err := unix.Read(out[0], told[:]); err != nil {
			return err
		}
		if err := waitFor(janitor); err != nil {
			return err
		}
		long := strings.Repeat("late", 20_000) // of several pages
		for range 300 {
			s.do("again", unix.SYS_GETPID)
		}
		s.do("write early data", unix.SYS_WRITE, 1, early, 1)
		s.do("write late data", unix.SYS_WRITE, 1, s.str(long), uintptr(len(long)))
		s.do("fail", unix.SYS_CLOSE, ^uintptr(0))
		if err := s.extend(); err != nil {
			return err
		}
		if _, err := unix.Write(goOn[1], []byte{1}); err != nil {
			return err
		}
		unix.Close(goOn[1])
		data, err := io.ReadAll(reader(out[0]))
		if err != nil {
			return err
		}
		require.Len(t, data, 1+len(long)+reportSize)
		assert.Equal(t, byte(7), data[0])
		assert.Equal(t, long, string(data[1:1+len(long)]))
		c, errno := s.failedCall(data[1+len(long):])
		if assert.NotNil(t, c) {
			assert.Equal(t, "fail", c.what)
		}
		assert.Equal(t, unix.EBADF, errno)
		var status unix.WaitStatus
		_, err = unix.Wait4(int(binary.NativeEndian.Uint64(told[:])), &status, unix.WALL, nil)
		assert.Equal(t, 127, status.ExitStatus())
		return err
	}))
}

// TestScriptIsGivenUp: who waits for the rest of its script ends when the checker
// does, or gives up.
func TestScriptIsGivenUp(t *testing.T) {
	t.Parallel()
	var goOn [2]int
	require.NoError(t, unix.Pipe2(goOn[:], unix.O_CLOEXEC))
	s := newScript()
	defer s.close()
	s.failHere(2)
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, 1, 0xffffffff, 0)
	s.must(s.do("wait", unix.SYS_READ, 0, s.word(0), 1), but(1))
	require.NoError(t, <-onThread(func() error {
		pid, pidfd, err := s.start("test", goOn[0])
		if err != nil {
			return err
		}
		defer unix.Close(pidfd)
		unix.Close(goOn[0])
		unix.Close(goOn[1])
		var status unix.WaitStatus
		_, err = unix.Wait4(pid, &status, unix.WALL, nil)
		assert.Equal(t, 127, status.ExitStatus())
		return err
	}))
}

func TestScriptTooLong(t *testing.T) {
	t.Parallel()
	s := newScript()
	for range 1000 {
		s.do("again", unix.SYS_GETPID)
	}
	s.end(0)
	_, _, err := s.run()
	assert.ErrorContains(t, err, "too many")
	s = newScript()
	s.str(strings.Repeat("x", dataRoom))
	s.end(0)
	_, _, err = s.run()
	assert.ErrorContains(t, err, "too many")
}

// The loop and the structures that it shares with the kernel must look as they do.
func TestKernelStructures(t *testing.T) {
	assert.Equal(t, uintptr(88), unsafe.Sizeof(cloneArgs{}), "CLONE_ARGS_SIZE_VER2")
	assert.Equal(t, uintptr(96), unsafe.Sizeof(record{}))
	assert.Equal(t, -100, unix.AT_FDCWD)
	minus100 := -100
	assert.Equal(t, uintptr(minus100), uintptr(atFDCWD))
}

func TestThreadsOfSandboxesEnd(t *testing.T) {
	t.Parallel()
	for range 50 {
		var tid int
		require.NoError(t, <-onThread(func() error {
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
	var alive [2]int
	require.NoError(t, unix.Pipe2(alive[:], unix.O_CLOEXEC))
	defer unix.Close(alive[0])
	var ready [2]int
	require.NoError(t, unix.Pipe2(ready[:], unix.O_CLOEXEC))
	defer unix.Close(ready[0])
	defer unix.Close(ready[1])
	var end [2]int // of the child, which does not end by the end of the other pipe
	require.NoError(t, unix.Pipe2(end[:], unix.O_CLOEXEC))
	defer unix.Close(end[0])
	defer unix.Close(end[1])
	s := newScript()
	var asChild place
	child := s.word(0)
	clone := cloneArgs{exitSignal: uint64(unix.SIGCHLD)}.bytes()
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, 5, 0xffffffff, 0)
	s.do("block signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.word(^uint64(0)), 0, 8)
	s.do("fork", unix.SYS_CLONE3, s.bytes(clone), uintptr(len(clone))).to(child)
	s.test(child, exactly(0), &asChild)
	s.reapAll(child, 4, 3)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)
	s.here(&asChild)
	s.do("get ready", unix.SYS_WRITE, 4, s.str("x"), 1)
	s.do("sleep", unix.SYS_READ, 0, s.word(0), 1)
	s.end(2)
	defer s.close()
	require.NoError(t, <-onThread(func() error {
		pid, pidfd, err := s.start("test", end[0], -1, -1, alive[0], ready[1])
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
