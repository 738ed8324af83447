package command

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// The names by which hostile submissions try to leave or to reach something of
// the machine's. They are in testdata/submissions/hostile/common, too.
const (
	evilName = "pidone-evil"
	evilKey  = 0x70691 // of System V objects
)

// canaryDirs are folders in which a file of the machine's must stay as it is,
// and none with evilName may appear.
func canaryDirs() []string {
	home, _ := os.UserHomeDir()
	return []string{"/", "/tmp", "/var/tmp", "/dev/shm", "/root", "/home", home, "/run", "/mnt", "/opt", "/etc", "/usr", "/usr/bin", "/usr/lib", "/usr/local", "/usr/local/bin", "/usr/local/go", "/usr/local/go/bin"}
}

// canaries are what no submission may touch or reach, whatever it does. Other
// work on the machine goes on meanwhile and changes other things.
type canaries struct {
	root    string
	mark    string // what is in the names that may not appear
	key     int    // of System V objects that may not
	files   []string
	own     string // a folder for a socket
	victims []*exec.Cmd
	before  map[string]string
	mu      sync.Mutex
	alarms  []string // what was seen while the submissions ran
	stop    chan struct{}
	done    sync.WaitGroup
}

// setCanaries puts them up, for those who leave mark in names and use key. uid
// is one that a sandbox's root has outside.
func setCanaries(t *testing.T, root string, uid int, mark string, key int) *canaries {
	t.Helper()
	c := &canaries{root: root, mark: mark, key: key, own: t.TempDir(), stop: make(chan struct{})}
	t.Cleanup(func() {
		for _, f := range c.files {
			os.Remove(f)
		}
	})
	for _, dir := range canaryDirs() {
		f, err := os.CreateTemp(dir, "pidone-canary-*")
		if err != nil {
			continue // not ours to write to
		}
		c.files = append(c.files, f.Name())
		_, err = f.WriteString("as it was\n")
		require.NoError(t, errors.Join(err, f.Chmod(0o666), f.Close()))
	}
	require.NotEmpty(t, c.files)
	c.listen(t)
	c.watch(t)
	c.victim(t, &syscall.SysProcAttr{})
	if unix.Geteuid() == 0 && mayBecome(uid) {
		c.victim(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid), NoSetGroups: true}})
	}
	c.before = c.look()
	return c
}

// mayBecome tells whether the id is mapped where the tests run.
func mayBecome(uid int) bool {
	data, _ := os.ReadFile("/proc/self/uid_map")
	for line := range strings.Lines(string(data)) {
		var inside, outside, count int
		if fmt.Sscan(line, &inside, &outside, &count); inside <= uid && uid-inside < count {
			return true
		}
	}
	return false
}

// victim starts a process that is there to be killed, traced and slowed down.
func (c *canaries) victim(t *testing.T, attr *syscall.SysProcAttr) {
	t.Helper()
	cmd := exec.Command("/bin/cat")
	cmd.SysProcAttr, cmd.Dir = attr, "/"
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c.victims = append(c.victims, cmd)
	t.Cleanup(func() {
		in.Close()
		assert.NoError(t, cmd.Wait(), "a process of the machine's was ended")
	})
}

// pids are those of the victims.
func (c *canaries) pids() (pids []int) {
	for _, v := range c.victims {
		pids = append(pids, v.Process.Pid)
	}
	return pids
}

func (c *canaries) alarm(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.alarms) < 20 {
		c.alarms = append(c.alarms, fmt.Sprintf(format, args...))
	}
}

// listen opens services of the machine: a connection to one is an alarm.
func (c *canaries) listen(t *testing.T) {
	t.Helper()
	// One of the ports that network-scan tries.
	port := fmt.Sprint(32768 + os.Getpid()%10000)
	for _, l := range [][2]string{{"tcp", "127.0.0.1:" + port}, {"tcp", "[::1]:" + port}, {"unix", "@pidone-canary"}, {"unix", filepath.Join(c.own, "socket")}} {
		listener, err := net.Listen(l[0], l[1])
		if err != nil && (l[1][0] == '[' || errors.Is(err, unix.EADDRINUSE)) {
			continue // a machine without IPv6; another run of these tests
		}
		require.NoError(t, err)
		t.Cleanup(func() { listener.Close() })
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				conn.Close()
				c.alarm("a connection to %s", listener.Addr())
			}
		}()
	}
	datagrams, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { datagrams.Close() })
	go func() {
		var b [64]byte
		for {
			n, from, err := datagrams.ReadFrom(b[:])
			if err != nil {
				return
			}
			if bytes.Contains(b[:n], []byte(c.mark)) {
				c.alarm("a datagram from %s", from)
			}
		}
	}()
}

// watch looks out for what may be undone again before anybody looks: names of
// files, and the hostname.
func (c *canaries) watch(t *testing.T) {
	t.Helper()
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	require.NoError(t, err)
	names := os.NewFile(uintptr(fd), "inotify")
	for _, dir := range canaryDirs() {
		// A folder that is not there cannot be written to.
		unix.InotifyAddWatch(fd, dir, unix.IN_CREATE|unix.IN_MOVED_TO|unix.IN_ONLYDIR)
	}
	c.done.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := names.Read(buf)
			if err != nil {
				return
			}
			if bytes.Contains(buf[:n], []byte(c.mark)) {
				c.alarm("a file of the machine's: %q", bytes.Trim(buf[:n], "\x00"))
			}
		}
	})
	host, err := os.Hostname()
	require.NoError(t, err)
	c.done.Go(func() {
		defer names.Close()
		for tick := time.NewTicker(5 * time.Millisecond); ; <-tick.C {
			select {
			case <-c.stop:
				return
			default:
			}
			if now, err := os.Hostname(); err != nil || now != host {
				c.alarm("the machine's hostname is %q, %v", now, err)
			}
		}
	})
}

// touched stops watching and says what of the machine was touched. Nothing of
// the tests' own may run any more. It can be called once.
func (c *canaries) touched() []string {
	close(c.stop)
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	touched := slices.Clone(c.alarms)
	after := c.look()
	for key := range after {
		if _, was := c.before[key]; !was {
			touched = append(touched, fmt.Sprintf("%s: new: %s", key, after[key]))
		}
	}
	for key, was := range c.before {
		if after[key] != was {
			touched = append(touched, fmt.Sprintf("%s: was %s; is %s", key, was, after[key]))
		}
	}
	return touched
}

// leftBy returns what a checker may not leave behind: processes below this one
// but the known ones, and the checker's control groups.
func leftBy(checker int, known ...int) []string {
	var left []string
	for _, above := range []string{"", "*/", "*/*/", "*/*/*/"} {
		groups, _ := filepath.Glob(fmt.Sprintf("/sys/fs/cgroup/%spidone-%d-*", above, checker))
		left = append(left, groups...)
	}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		data, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var pid, parent int
		var state string
		fmt.Sscan(string(data), &pid)
		fmt.Sscan(string(data[bytes.LastIndexByte(data, ')')+1:]), &state, &parent)
		if parent == os.Getpid() && state != "Z" && !slices.Contains(known, pid) {
			left = append(left, strings.TrimSpace(string(data)))
		}
	}
	return left
}

// TestCanaries touches the machine a little, in ways that others do not notice.
func TestCanaries(t *testing.T) {
	a, _ := kit(t)
	mark := fmt.Sprint("pidone-touched-", os.Getpid())
	key := evilKey + os.Getpid()
	c := setCanaries(t, a.root, os.Getuid(), mark, key)
	own := c.files[0]
	require.NoError(t, os.WriteFile(own, []byte("touched\n"), 0o666))
	passing := filepath.Join(os.TempDir(), "x-"+mark)
	require.NoError(t, os.WriteFile(passing, nil, 0o600))
	require.NoError(t, os.Remove(passing))
	conn, err := net.Dial("unix", filepath.Join(c.own, "socket"))
	require.NoError(t, err)
	conn.Close()
	id, err := unix.SysvShmGet(key, 4096, unix.IPC_CREAT|0o600)
	require.NoError(t, err)
	defer unix.SysvShmCtl(id, unix.IPC_RMID, nil)
	require.NoError(t, unix.Setpriority(unix.PRIO_PROCESS, c.pids()[0], 19))
	child := exec.Command("/bin/sleep", "100")
	require.NoError(t, child.Start())
	assert.Len(t, leftBy(os.Getpid(), c.pids()...), 1)
	child.Process.Kill()
	child.Wait()
	assert.Empty(t, leftBy(os.Getpid(), c.pids()...))
	assert.Eventually(t, func() bool { c.mu.Lock(); defer c.mu.Unlock(); return len(c.alarms) >= 2 }, 5*time.Second, time.Millisecond)
	touched := strings.Join(c.touched(), "\n")
	for _, what := range []string{own + ":", passing[len(os.TempDir())+1:], "a connection to", "System V shm", "victim 0"} {
		assert.Contains(t, touched, what)
	}
	assert.Equal(t, 5, strings.Count(touched, ": was")+strings.Count(touched, ": new")+len(c.alarms), "%s", touched)
}
