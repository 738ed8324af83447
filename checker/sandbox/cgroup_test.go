package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// v2Tree makes folders that look like a part of a cgroup v2 file system, with
// what each one's subtree_control holds.
func v2Tree(t *testing.T, controls map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for dir, control := range controls {
		path := filepath.Join(root, dir)
		require.NoError(t, os.MkdirAll(path, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(path, "cgroup.subtree_control"), []byte(control+"\n"), 0o644))
	}
	return root
}

func TestGroupDirsV2(t *testing.T) {
	root := v2Tree(t, map[string]string{
		"":                                   "cpuset cpu io memory pids",
		"user.slice":                         "cpu memory pids",
		"user.slice/user-1000.slice":         "cpu memory",
		"user.slice/user-1000.slice/a.scope": "",
		"other":                              "",
	})
	mount := func(source string) string {
		return "22 1 0:5 / /proc rw - proc proc rw\n" +
			"30 22 0:26 " + source + " " + root + " rw,nosuid,nodev,noexec,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate,memory_recursiveprot\n"
	}
	for _, c := range []struct {
		name, mounts, self string
		want               string // relative to root; "none" for an error
	}{
		{"a service of systemd", mount("/"), "0::/user.slice/user-1000.slice/a.scope\n", "user.slice"},
		{"a group next to root", mount("/"), "0::/other\n", ""},
		{"the root itself, as in docker", mount("/"), "0::/\n", ""},
		{"a container that sees its host's paths", mount("/docker/abc"), "0::/docker/abc/user.slice\n", "user.slice"},
		{"a container without a cgroup namespace of its own", mount("/docker/abc"), "0::/../../elsewhere\n", ""},
		{"no controllers", mount("/"), "1:name=systemd:/\n", "none"},
		{"nothing", "", "0::/\n", "none"},
	} {
		dirs, v2, err := groupDirs([]byte(c.mounts), []byte(c.self))
		if c.want == "none" {
			assert.ErrorContains(t, err, "no cgroup with the memory controller", c.name)
			continue
		}
		if assert.NoError(t, err, c.name) {
			assert.True(t, v2, c.name)
			assert.Equal(t, []string{filepath.Join(root, c.want)}, dirs, c.name)
		}
	}
}

func TestGroupDirsV1(t *testing.T) {
	const mounts = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime master:12 - cgroup cgroup rw,memory
39 31 0:36 / /sys/fs/cgroup/pids rw,relatime shared:4 - cgroup cgroup rw,pids
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
	const docker = `35 31 0:32 /docker/abc /sys/fs/cgroup/memory ro,relatime - cgroup cgroup rw,memory
39 31 0:36 /docker/abc /sys/fs/cgroup/pids ro,relatime - cgroup cgroup rw,pids
`
	for _, c := range []struct {
		name, mounts, self string
		want               []string
	}{
		{"hybrid, as here", mounts, "8:pids:/\n4:memory:/process_api/b31\n0::/\n", []string{"/sys/fs/cgroup/memory/process_api/b31", "/sys/fs/cgroup/pids"}},
		{"together", strings.ReplaceAll(mounts, "rw,memory", "rw,memory,pids"), "4:memory,pids:/a\n", []string{"/sys/fs/cgroup/memory/a", "/sys/fs/cgroup/memory/a"}},
		{"docker", docker, "8:pids:/docker/abc\n4:memory:/docker/abc\n", []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"}},
		{"docker in a cgroup namespace", docker, "8:pids:/\n4:memory:/\n", []string{"/sys/fs/cgroup/memory", "/sys/fs/cgroup/pids"}},
		{"colons in a name", mounts, "8:pids:/a:b\n4:memory:/a:b\n", []string{"/sys/fs/cgroup/memory/a:b", "/sys/fs/cgroup/pids/a:b"}},
		{"no pids", mounts, "4:memory:/\n", nil},
		{"no memory", strings.ReplaceAll(mounts, "rw,memory", "rw,cpuset"), "8:pids:/\n4:memory:/\n", nil},
		{"cut short", "35 31 0:32 / /sys\n35 - cgroup\n", "4:memory", nil},
	} {
		dirs, v2, err := groupDirs([]byte(c.mounts), []byte(c.self))
		assert.False(t, v2, c.name)
		assert.Equal(t, c.want == nil, err != nil, "%s: %v", c.name, err)
		if err == nil {
			assert.Equal(t, c.want, dirs, c.name)
		}
	}
}

func FuzzGroupDirs(f *testing.F) {
	for _, name := range []string{"/proc/self/mountinfo"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Skip("needs ", name)
		}
		f.Add(data, []byte("8:pids:/\n4:memory:/a\n0::/\n"))
	}
	f.Add([]byte("1 2 0:3 / / rw - cgroup2 x rw\n"), []byte("0::/\n"))
	f.Add([]byte("1 2 0:3 /a /b rw - cgroup x rw,memory,pids\n"), []byte("1:memory,pids:/../..\n"))
	f.Fuzz(func(t *testing.T, mounts, self []byte) {
		dirs, v2, err := groupDirs(mounts, self)
		if err != nil {
			return
		}
		want := 2
		if v2 {
			want = 1
		}
		if len(dirs) != want || dirs[0] == "" {
			t.Fatalf("%q %v", dirs, v2)
		}
	})
}

func TestStartTime(t *testing.T) {
	for stat, want := range map[string]string{
		"17 (sh) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99 100 18446744073709551615":          "4711",
		"17 (a) b (c)) R 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4712 99 100 18446744073709551615":    "4712",
		"17 (S 1 2 3) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4713 99 100 18446744073709551615\n":   "4713",
		"17 (new\nline) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4714 99 100 18446744073709551615\n": "4714",
		"17 (sh) S 1 17": "0", "": "0", "()": "0",
	} {
		assert.Equal(t, want, startTime([]byte(stat)), "%q", stat)
	}
	stat, err := os.ReadFile("/proc/self/stat")
	require.NoError(t, err)
	ticks, err := strconv.ParseUint(startTime(stat), 10, 64)
	require.NoError(t, err)
	assert.NotZero(t, ticks)
}

func FuzzStartTime(f *testing.F) {
	f.Add([]byte("17 (sh) S 1 17 17 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 4711 99"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		if startTime(stat) == "" {
			t.Fatal("no answer")
		}
	})
}

// TestMachineWithGroupsUsesThem fails where tests of cgroups were skipped
// though this machine has them: as root, with both controllers mounted for writing.
func TestMachineWithGroupsUsesThem(t *testing.T) {
	needRoot(t) // an ordinary user may own cgroups or not
	h := open(t)
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	require.NoError(t, err)
	has := func(controller string) bool {
		for _, line := range strings.Split(string(mounts), "\n") {
			_, after, _ := strings.Cut(line, " - cgroup ")
			for _, o := range strings.FieldsFunc(after, func(r rune) bool { return r == ' ' || r == ',' }) {
				f := strings.Fields(line)
				if o == controller && unix.Access(f[4], unix.W_OK) == nil {
					return true
				}
			}
		}
		return false
	}
	if !has("memory") || !has("pids") {
		t.Skip("needs cgroup v1 with memory and pids, to know that they can be used")
	}
	assert.NoError(t, h.NoGroups())
}

func TestSandboxIsInItsGroups(t *testing.T) {
	t.Parallel()
	h := open(t)
	grouped(t, h)
	seen := false
	cmd := attack(t, "limits")
	cmd.Watcher = &watcher{look: func(*Init) {
		for _, dir := range h.groups.paths(0) {
			seen = true
			for file, want := range map[string]string{"memory.limit_in_bytes": "12345344", "memory.max": "12345344", "pids.max": "77"} {
				if value, err := os.ReadFile(filepath.Join(dir, file)); err == nil {
					assert.Equal(t, want, strings.TrimSpace(string(value)), file)
				}
			}
		}
	}}
	cmd.Limits = Limits{Memory: 12345344, Processes: 77}
	got := ran(t, h, cmd)
	assert.True(t, seen)
	// Its cgroup namespace hides where its groups lie.
	for _, line := range got.with("cgroup") {
		assert.NotContains(t, line, groupPrefix)
	}
	assert.Empty(t, dirsOf(h))
}

func dirsOf(h *Host) (left []string) {
	for _, dir := range cgroupsOf(os.Getpid()) {
		if strings.HasPrefix(filepath.Base(dir), h.groups.name) {
			left = append(left, dir)
		}
	}
	return left
}

func TestGroupsDiffer(t *testing.T) {
	g := &groups{dirs: []string{"/a", "/b"}, name: "pidone-1-2-x-"}
	seen := make(chan string, 200)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			for _, dir := range g.next().dirs {
				seen <- dir
			}
		})
	}
	wg.Wait()
	close(seen)
	different := map[string]bool{}
	for dir := range seen {
		different[dir] = true
	}
	assert.Len(t, different, 200)
	assert.Nil(t, (*groups)(nil).next())
}

// TestForeignCheckersAreNotSwept: pids of another PID namespace mean nothing here.
func TestForeignCheckersAreNotSwept(t *testing.T) {
	h := open(t)
	grouped(t, h)
	for _, c := range []struct {
		namespace string
		stays     bool
	}{{"1", true}, {strings.Split(h.name, "-")[3], false}} {
		dir := filepath.Join(h.groups.dirs[0], groupPrefix+"999999999-1-"+c.namespace+"-gone-0")
		require.NoError(t, os.Mkdir(dir, 0o755))
		h.groups.sweep()
		err := os.Remove(dir)
		assert.Equal(t, c.stays, err == nil, "%s: %v", dir, err)
	}
}
