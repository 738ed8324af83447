package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestWhatCannotBeRun(t *testing.T) {
	t.Parallel()
	h := open(t)
	odd := filepath.Join(t.TempDir(), "a:b")
	require.NoError(t, os.Mkdir(odd, 0o755))
	for name, c := range map[string]struct {
		change func(*Command)
		want   string
	}{
		"missing":      {func(c *Command) { c.Path = "/submission/none" }, "execute /submission/none: no such file or directory"},
		"no program":   {func(c *Command) { c.Files[0].Mode = 0o644 }, "execute /submission/main: permission denied"},
		"no format":    {func(c *Command) { c.Files[0].Data = []byte("just text") }, "execute /submission/main: exec format error"},
		"folder":       {func(c *Command) { c.Path = "/usr" }, "execute /usr: permission denied"},
		"no folder":    {func(c *Command) { c.Dir = "/none" }, "enter /none: no such file or directory"},
		"file as dir":  {func(c *Command) { c.Dir = "/etc/passwd" }, "enter /etc/passwd: not a directory"},
		"NUL":          {func(c *Command) { c.Args = []string{"a\x00b"} }, `"a\x00b" has a NUL byte in it`},
		"long":         {func(c *Command) { c.Args = append(c.Args, strings.Repeat("x", 1<<20)) }, "argument list too long"},
		"no bind":      {func(c *Command) { c.Binds = []Bind{{From: "/not/there", To: "/x"}} }, "take /not/there: no such file or directory"},
		"no rule":      {func(c *Command) { c.Rules = []Rule{{Arg: 6, Op: Equal}} }, "no argument 6"},
		"odd layer":    {func(c *Command) { c.Binds = []Bind{{From: odd, To: "/x", Overlay: true}} }, "must not have any of"},
		"file on root": {func(c *Command) { c.Files = append(c.Files, File{Path: "/usr/bin/env", Mode: 0o755}) }, "make /usr/bin/env: read-only file system"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := attack(t, "hello")
			c.change(&cmd)
			res, err := h.Run(t.Context(), cmd)
			assert.ErrorContains(t, err, c.want)
			assert.Nil(t, res)
		})
	}
	assert.Equal(t, "hello", ran(t, h, attack(t, "hello")).of(t, "world"), "the Host still works")
}

func TestFilesLandInTheSandboxOnly(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "read", "/data/deep/file", "/escaped", "/work/own")
	name := "pidone-test-" + randomLetters(8)
	cmd.Files = append(cmd.Files,
		File{Path: "/data/deep/file", Data: []byte("a"), Mode: 0o644},
		File{Path: "/../../escaped", Data: []byte("b"), Mode: 0o644},
		File{Path: "/../" + name, Data: []byte("b"), Mode: 0o644},
		File{Path: "/work/own", Data: []byte("c"), Mode: 0o600})
	got := ran(t, h, cmd)
	assert.Equal(t, "a", got.of(t, "read /data/deep/file"))
	assert.Equal(t, "b", got.of(t, "read /escaped"))
	assert.Equal(t, "c", got.of(t, "read /work/own"))
	assert.NoFileExists(t, "/escaped")
	assert.NoFileExists(t, "/"+name)
	cmd.Args = []string{"main", "write", "x", "/data/deep/file", "/data/new", "/work/own", "/work/new"}
	got = ran(t, h, cmd)
	got.every(t, "write /data", "EROFS")
	got.every(t, "write /work", "ok")
}

func TestLooseFile(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "write", "x", "/etc/resolv.conf", "/etc/hosts")
	cmd.Files = append(cmd.Files, File{Path: "/etc/resolv.conf", Data: []byte("nameserver 192.0.2.1\n"), Mode: 0o644})
	cmd.Loose, cmd.Outputs = []string{"/etc/resolv.conf"}, []string{"/etc/resolv.conf"}
	got := ran(t, h, cmd)
	assert.Equal(t, "ok", got.of(t, "write /etc/resolv.conf"))
	assert.Equal(t, "EROFS", got.of(t, "write /etc/hosts"))
	res, err := h.Run(t.Context(), cmd)
	require.NoError(t, err)
	assert.Contains(t, string(res.Outputs[0]), "x")
	cmd.Loose = []string{"/etc/none"}
	_, err = h.Run(t.Context(), cmd)
	assert.ErrorContains(t, err, "bind /etc/none: no such file or directory")
}

func TestConnect(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "hello")
	own, init := "", ""
	cmd.Connect = func(pid int) (err error) {
		init, err = os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
		own, _ = os.Readlink("/proc/self/ns/net")
		return err
	}
	assert.Equal(t, "hello", ran(t, h, cmd).of(t, "world"))
	assert.NotEqual(t, own, init)
	assert.NotEmpty(t, init)
	cmd.Connect = func(int) error { return unix.EDOM }
	_, err := h.Run(t.Context(), cmd)
	assert.ErrorIs(t, err, unix.EDOM)
	cmd.Connect = nil
	assert.Equal(t, "hello", ran(t, h, cmd).of(t, "world"), "nothing of the broken one is in the way")
}

func TestBindOfOneFile(t *testing.T) {
	t.Parallel()
	h := open(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o644))
	cmd := attack(t, "read", "/data/one/file", "/usr/bin/../bin/none")
	cmd.Binds = []Bind{{From: file, To: "/data/one/file"}, {From: "/usr/bin", To: "/usr/bin"}}
	assert.Equal(t, "x", ran(t, h, cmd).of(t, "read /data/one/file"))
	cmd.Args = []string{"main", "write", "evil", "/data/one/file"}
	assert.Equal(t, "EROFS", ran(t, h, cmd).of(t, "write /data/one/file"))
}

func TestOutputsAreReadBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	cmd := attack(t, "write", "built", "/out/a", "/out/b")
	cmd.Empty = []string{"/out"}
	cmd.Outputs = []string{"/out/a", "/out/none", "/out/b", "/none/at/all"}
	res := run(t, h, cmd)
	require.Zero(t, int(res.Status))
	assert.Equal(t, [][]byte{[]byte("built"), nil, []byte("built"), nil}, res.Outputs)

	// What is no regular file there is not followed, nor waited for, nor
	// read without end.
	for _, args := range [][]string{{"link", "/etc/passwd", "/out/a"}, {"fifo", "/out/a"}} {
		cmd := attack(t, args...)
		cmd.Empty, cmd.Outputs = []string{"/out"}, []string{"/out/a"}
		res := run(t, h, cmd)
		require.Zero(t, int(res.Status), "%v: %s", args, res.Stdout.Data)
		assert.Equal(t, [][]byte{nil}, res.Outputs, "%v", args)
	}
	cmd = attack(t, "cover-output", "/dev/zero", "/out/a")
	cmd.Empty, cmd.Outputs, cmd.Limits.Disk = []string{"/out"}, []string{"/out/a"}, 1<<20
	res = run(t, h, cmd)
	require.Zero(t, int(res.Status), "%s", res.Stdout.Data)
	assert.LessOrEqual(t, len(res.Outputs[0]), 1<<20)

	cmd = attack(t, "sleep")
	cmd.Outputs, cmd.Limits.Time = []string{cmd.Path}, 50*time.Millisecond
	res = run(t, h, cmd)
	require.True(t, res.TimedOut)
	assert.Equal(t, cmd.Files[0].Data, res.Outputs[0])
}

// cache makes a folder such as the Go build cache: folders of root's, of which
// others may read.
func cache(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for i := range 256 {
		sub := filepath.Join(dir, fmt.Sprintf("%02x", i))
		require.NoError(t, os.Mkdir(sub, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(sub, "entry"), []byte("old"), 0o644))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "trim.txt"), []byte("1"), 0o644))
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func snapshot(t *testing.T, dir string) string {
	t.Helper()
	var s strings.Builder
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		var st unix.Stat_t
		if err == nil {
			err = unix.Lstat(path, &st)
		}
		fmt.Fprintln(&s, path, err, st.Ino, st.Mode, st.Uid, st.Gid, st.Size, st.Mtim, st.Ctim)
		return err
	}))
	return s.String()
}

func TestOverlayTakesTheWrites(t *testing.T) {
	t.Parallel()
	h := open(t)
	dir := cache(t)
	before := snapshot(t, dir)
	cmd := attack(t, "read", "/cache/00/entry", "/cache/ff/entry", "/cache/trim.txt")
	cmd.Binds = []Bind{{From: dir, To: "/cache", Overlay: true}, {From: "/etc", To: "/machine-etc"}}
	got := ran(t, h, cmd)
	got.every(t, "read /cache/0", "old")
	got.every(t, "read /cache/f", "old")
	got.every(t, "read /cache/t", "1")

	cmd.Args = []string{"main", "write", "new", "/cache/00/added", "/cache/ff/added", "/cache/added", "/cache/00/added"}
	ran(t, h, cmd).every(t, "write ", "ok")
	assert.Equal(t, before, snapshot(t, dir))
	// One run does not see another's.
	cmd.Args = []string{"main", "read", "/cache/00/added", "/cache/added"}
	ran(t, h, cmd).every(t, "read ", "ENOENT")

	// Nor is there another way to the layers.
	cmd.Args = []string{"main", "write", "evil", "/.overlay/0/upper/added", "/.overlay/0/work/added"}
	ran(t, h, cmd).every(t, "write ", "EROFS", "EACCES")
	for _, how := range [][]string{{"uncover"}, {"remount"}, {"nested", "remount"}} {
		cmd.Args = append([]string{"main"}, how...)
		ran(t, h, cmd)
	}
	cmd.Limits = Limits{Disk: 1 << 20}
	cmd.Args = []string{"main", "fill", "/cache"}
	ran(t, h, cmd).every(t, "fill ", "ENOSPC")
	assert.Equal(t, before, snapshot(t, dir))
}

func TestHiddenBelowAnOverlay(t *testing.T) {
	t.Parallel()
	h := open(t)
	dir := cache(t)
	cmd := attack(t, "look", "/cache/00", "/cache/01", "/cache/00/entry")
	cmd.Binds = []Bind{{From: dir, To: "/cache", Overlay: true}}
	cmd.Hide = []string{"/cache/00"}
	got := ran(t, h, cmd)
	assert.Equal(t, "0 names", got.of(t, "open /cache/00"))
	assert.Equal(t, "1 names", got.of(t, "open /cache/01"))
	assert.Equal(t, "ENOENT", got.of(t, "open /cache/00/entry"))
}

// TestBaseIsNoneOfTheBinds has folders bound that lie below the base that
// would be taken first.
func TestBaseIsNoneOfTheBinds(t *testing.T) {
	t.Parallel()
	h := open(t)
	dir, err := os.MkdirTemp("/tmp", "pidone-bind-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o644))
	for _, overlay := range []bool{false, true} {
		cmd := attack(t, "read", dir+"/file", "/other/file")
		cmd.Binds = []Bind{{From: dir, To: dir, Overlay: overlay}, {From: dir, To: "/other", Overlay: overlay}}
		ran(t, h, cmd).every(t, "read ", "x")
	}
}

func TestWithin(t *testing.T) {
	for _, c := range []struct {
		path, dir string
		want      bool
	}{
		{"/tmp", "/tmp", true}, {"/tmp/a", "/tmp", true}, {"/tmpa", "/tmp", false}, {"/", "/tmp", false},
		{"/tmp/..a", "/tmp", true}, {"/tmp/../etc", "/tmp", false}, {"/a", "/", true}, {"/usr/../usr/lib", "/usr", true}, {"tmp", "/tmp", false},
	} {
		assert.Equal(t, c.want, within(c.path, c.dir), "%s in %s", c.path, c.dir)
	}
}
