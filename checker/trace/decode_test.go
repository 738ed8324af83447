package trace

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// block is memory that begins at an address; there is nothing around it.
type block struct {
	base uint64
	data []byte
}

func (b block) read(address uint64, buf []byte) int {
	if address < b.base || address-b.base >= uint64(len(b.data)) {
		return 0
	}
	return copy(buf, b.data[address-b.base:])
}

// fixed are descriptors that all lead to one target and hold one text.
type fixed struct {
	kind string
	text string
}

func (f fixed) target(fd int32) evidence.Target {
	return evidence.Target{Kind: f.kind, Name: f.link(fd)}
}
func (f fixed) link(int32) string { return "/dir" }
func (f fixed) content(_ int32, offset int64, limit int) []byte {
	if offset < 0 || offset > int64(len(f.text)) {
		return nil
	}
	return []byte(f.text)[offset:][:min(limit, len(f.text)-int(offset))]
}
func (f fixed) peek(_ int32, limit int) []byte { return []byte(f.text)[:min(limit, len(f.text))] }
func (f fixed) pid(fd int32) int               { return int(fd) + 100 }
func (f fixed) writes(fd int32) bool           { return fd > 0 }

// words lays words and strings out in memory: a string stands for its address.
func words(base uint64, list ...any) block {
	b := block{base: base, data: make([]byte, 8*len(list))}
	for i, v := range list {
		var n uint64
		switch v := v.(type) {
		case int:
			n = uint64(v)
		case uint64:
			n = v
		case string:
			n = base + uint64(len(b.data))
			b.data = append(append(b.data, v...), 0)
		}
		binary.LittleEndian.PutUint64(b.data[8*i:], n)
	}
	return b
}

func decode(t *testing.T, name string, mem memory, fds descriptors, args ...uint64) (*evidence.Event, *caller, bool) {
	t.Helper()
	list := calls()
	i := slices.IndexFunc(list, func(c call) bool { return c.name == name })
	require.GreaterOrEqual(t, i, 0, name)
	c := &caller{mem: mem, fds: fds, room: 1 << 20}
	var a [6]uint64
	copy(a[:], args)
	ev := &evidence.Event{}
	return ev, c, list[i].enter(c, a, ev)
}

func TestDecode(t *testing.T) {
	t.Parallel()
	const base = 0x10000
	long := strings.Repeat("n", 300)
	at := func(b block, i int) uint64 { n, _ := word(b, b.base+8*uint64(i)); return n }
	some := words(base, "one", "two", "three", 0)
	argv := words(base, "sh", "-c", "a\xffb", 0)
	iov := words(base, "hello", 5, "world!", 6)
	files := fixed{kind: "stdout", text: "0123456789"}
	for _, c := range []struct {
		about string
		call  string
		mem   memory
		args  []uint64
		want  evidence.Event
		no    bool
	}{
		{"clone", "clone", block{}, []uint64{unix.CLONE_NEWPID | unix.CLONE_VFORK | uint64(unix.SIGCHLD)},
			evidence.Event{Flags: []string{"CLONE_NEWPID", "CLONE_VFORK", "SIGCHLD"}}, false},
		{"clone with a bit that has no name", "clone", block{}, []uint64{1 << 40},
			evidence.Event{}, false},
		{"clone3", "clone3", words(base, unix.CLONE_NEWUTS|unix.CLONE_NEWTIME|1<<40, 0, 0, 0, 17), []uint64{base, 88},
			evidence.Event{Flags: []string{"CLONE_NEWUTS", "CLONE_NEWTIME", "0x10000000000", "SIGCHLD"}}, false},
		{"clone3 of a size that is too small", "clone3", words(base, unix.CLONE_NEWUTS, 0, 0, 0, 17), []uint64{base, 16},
			evidence.Event{Flags: []string{"CLONE_NEWUTS"}}, false},
		{"clone3 of nothing", "clone3", block{}, []uint64{1, 88}, evidence.Event{}, false},
		{"unshare", "unshare", block{}, []uint64{unix.CLONE_NEWNS | unix.CLONE_FS},
			evidence.Event{Flags: []string{"CLONE_NEWNS", "CLONE_FS"}}, false},
		{"setns", "setns", block{}, []uint64{3, unix.CLONE_NEWNET}, evidence.Event{Path: "/dir", Flags: []string{"CLONE_NEWNET"}}, false},
		{"sethostname", "sethostname", block{base, []byte("name and more")}, []uint64{base, 4}, evidence.Event{Text: "name"}, false},
		{"sethostname beyond memory", "sethostname", block{base, []byte("name")}, []uint64{base, 40}, evidence.Event{Text: "name"}, false},
		{"sethostname without end", "sethostname", block{base, []byte(long)}, []uint64{base, math.MaxUint64}, evidence.Event{Text: long[:maxName]}, false},
		{"chroot", "chroot", some, []uint64{at(some, 0)}, evidence.Event{Path: "one"}, false},
		{"chroot nowhere", "chroot", some, []uint64{0}, evidence.Event{}, false},
		{"pivot_root", "pivot_root", some, []uint64{at(some, 0), at(some, 1)}, evidence.Event{Path: "one", Source: "two"}, false},
		{"mount", "mount", some, []uint64{at(some, 0), at(some, 1), at(some, 2), unix.MS_BIND | 0xc0ed0000},
			evidence.Event{Source: "one", Path: "two", FSType: "three", Flags: []string{"MS_BIND"}}, false},
		{"umount2", "umount2", some, []uint64{at(some, 0), unix.MNT_DETACH}, evidence.Event{Path: "one", Flags: []string{"MNT_DETACH"}}, false},
		{"move_mount", "move_mount", some, []uint64{3, at(some, 0), uint64(0xffffff9c), at(some, 1), 4},
			evidence.Event{Source: "/dir/one", Path: "two", Flags: []string{"MOVE_MOUNT_F_EMPTY_PATH"}}, false},
		{"prctl", "prctl", block{}, []uint64{unix.PR_SET_PDEATHSIG}, evidence.Event{Text: "PR_SET_PDEATHSIG"}, false},
		{"seccomp", "seccomp", block{}, []uint64{1, 1}, evidence.Event{Text: "SECCOMP_SET_MODE_FILTER", Flags: []string{"SECCOMP_FILTER_FLAG_TSYNC"}}, false},
		{"ptrace", "ptrace", block{}, []uint64{unix.PTRACE_TRACEME}, evidence.Event{Text: "PTRACE_TRACEME"}, false},
		{"kill", "kill", block{}, []uint64{0xffffffff, 9}, evidence.Event{PID: -1, Signal: "SIGKILL"}, false},
		{"pidfd_send_signal", "pidfd_send_signal", block{}, []uint64{7, 9}, evidence.Event{PID: 107, Signal: "SIGKILL"}, false},
		{"kill in real time", "kill", block{}, []uint64{1, 40}, evidence.Event{PID: 1, Signal: "signal 40"}, false},
		{"reboot", "reboot", block{}, []uint64{0, 0, unix.LINUX_REBOOT_CMD_POWER_OFF}, evidence.Event{Text: "LINUX_REBOOT_CMD_POWER_OFF"}, false},
		{"execve", "execve", argv, []uint64{at(argv, 0), base}, evidence.Event{Path: "sh", Argv: []string{"sh", "-c", `a\xffb`}}, false},
		{"execveat", "execveat", argv, []uint64{3, at(argv, 0), base}, evidence.Event{Path: "/dir/sh", Argv: []string{"sh", "-c", `a\xffb`}}, false},
		{"openat", "openat", words(base, "/etc/hostname"), []uint64{0xffffff9c, base + 8, unix.O_WRONLY | unix.O_TRUNC},
			evidence.Event{Path: "/etc/hostname", Flags: []string{"O_WRONLY", "O_TRUNC"}}, false},
		{"openat below a folder", "openat", words(base, "x"), []uint64{3, base + 8, unix.O_RDWR},
			evidence.Event{Path: "/dir/x", Flags: []string{"O_RDWR"}}, false},
		{"openat of what does not matter", "openat", words(base, "/tmp/x"), []uint64{0xffffff9c, base + 8, unix.O_RDWR}, evidence.Event{}, true},
		{"openat2 for reading", "openat2", words(base, 0), []uint64{3, 0, base}, evidence.Event{}, true},
		{"openat2", "openat2", words(base, unix.O_WRONLY, "/etc/x"), []uint64{3, base + 16, base},
			evidence.Event{Path: "/etc/x", Flags: []string{"O_WRONLY"}}, false},
		{"write", "write", block{base, []byte("hello")}, []uint64{1, base, 4}, evidence.Event{Data: []byte("hell"), Size: 4}, false},
		{"write from nowhere", "write", block{}, []uint64{1, base, 4}, evidence.Event{Data: nil, Size: 4}, false},
		{"write of more than can be", "write", block{base, []byte("hello")}, []uint64{1, base, math.MaxUint64}, evidence.Event{Data: []byte("hello"), Size: math.MaxInt64}, false},
		{"writev", "writev", iov, []uint64{1, base, 2}, evidence.Event{Data: []byte("helloworld!"), Size: 11}, false},
		{"writev of less", "writev", iov, []uint64{1, base, 1}, evidence.Event{Data: []byte("hello"), Size: 5}, false},
		{"vmsplice of a read end", "vmsplice", iov, []uint64{0, base, 2}, evidence.Event{}, true},
		{"sendmsg", "sendmsg", words(base, 0, 0, uint64(base+32), 1, "data", 4), []uint64{1, base}, evidence.Event{Data: []byte("data"), Size: 4}, false},
		{"sendfile", "sendfile", words(base, 3), []uint64{1, 5, base, 4}, evidence.Event{Data: []byte("3456"), Size: 4}, false},
		{"sendfile from where the file stands", "sendfile", block{}, []uint64{1, 5, 0, 4}, evidence.Event{Size: 4}, false},
		{"splice", "splice", block{}, []uint64{5, 0, 1, 0, 3}, evidence.Event{Data: []byte("012"), Size: 3}, false},
		{"tee", "tee", block{}, []uint64{5, 1, 2}, evidence.Event{Data: []byte("01"), Size: 2}, false},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			ev, _, ok := decode(t, c.call, c.mem, files, c.args...)
			require.Equal(t, !c.no, ok)
			if c.no {
				return
			}
			if ev.Target != nil {
				assert.Equal(t, "stdout", ev.Target.Kind)
				ev.Target = nil
			}
			if len(ev.Data) == 0 {
				ev.Data = nil
			}
			assert.Equal(t, &c.want, ev)
		})
	}
	_, from, _ := decode(t, "clone", block{}, files, unix.CLONE_NEWPID|17)
	assert.Equal(t, uint64(unix.CLONE_NEWPID|17), from.flags)
	_, _, ok := decode(t, "write", block{}, eventfd{}, 5, base, 8)
	assert.False(t, ok, "the runtime's own wake-up is no event")
	ev, _, _ := decode(t, "write", block{base, []byte(strings.Repeat("x", 1000))}, fixed{kind: "file"}, 5, base, 1000)
	assert.Len(t, ev.Data, maxFileWrite)
}

type eventfd struct{ fixed }

func (eventfd) target(int32) evidence.Target {
	return evidence.Target{Kind: "other", Name: "anon_inode:[eventfd]"}
}

func TestWrote(t *testing.T) {
	t.Parallel()
	messages := []end{{4, 4}, {10, 20}}
	for _, c := range []struct {
		about  string
		data   string
		result int64
		errno  string
		ends   []end
		want   string
		cut    bool
	}{
		{"all", "hello", 5, "", nil, "hello", false},
		{"a part", "hello", 2, "", nil, "he", false},
		{"none", "hello", 0, "", nil, "", false},
		{"refused", "hello", -32, "EPIPE", nil, "", false},
		{"more than was kept", "hello", 50, "", nil, "hello", true},
		{"one message", "helloworld", 1, "", messages, "hell", false},
		{"both messages, not all kept", "helloworld", 2, "", messages, "helloworld", true},
		{"more messages than were looked at", "helloworld", 9, "", messages, "helloworld", true},
	} {
		t.Run(c.about, func(t *testing.T) {
			t.Parallel()
			ev := &evidence.Event{Data: []byte(c.data), Result: c.result, Errno: c.errno}
			wrote(ev, c.ends)
			assert.Equal(t, c.want, string(ev.Data))
			assert.Equal(t, c.cut, ev.Cut)
		})
	}
}

func TestMatters(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{
		"/etc/hostname": true, "/proc/sys/kernel/hostname": true, "hostname": true, "": true,
		"/work/x": false, "/tmp": false, "/dev/null": false, "/proc/self/uid_map": false, "/proc/thread-self/comm": false,
		"/proc/12/uid_map": true, "/tmp/../etc/hostname": true, "/workshop": true,
	} {
		assert.Equal(t, want, matters(name), name)
	}
}

func TestRules(t *testing.T) {
	t.Parallel()
	of := func(opts Options, nr uint32) (out []sandbox.Rule) {
		for _, r := range New(opts).Rules() {
			require.Equal(t, uint32(sandbox.RetTrace), r.Action)
			if r.Nr == nr {
				r.Action = 0
				out = append(out, r)
			}
		}
		return out
	}
	assert.Equal(t, []sandbox.Rule{{Nr: unix.SYS_SETHOSTNAME}}, of(Options{}, unix.SYS_SETHOSTNAME))
	assert.Empty(t, of(Options{}, unix.SYS_EXIT_GROUP))
	assert.Len(t, of(Options{Inject: &evidence.Inject{ChildExit: 3}}, unix.SYS_EXIT_GROUP), 1)
	assert.Equal(t, sandbox.NoneSet, of(Options{}, unix.SYS_CLONE)[0].Op)
	assert.Len(t, of(Options{}, unix.SYS_CLONE3), 1)
	assert.Len(t, of(Options{}, unix.SYS_PRCTL), len(prctlOperations()))
	assert.Empty(t, of(Options{}, unix.SYS_READ))
	assert.Equal(t, []sandbox.Rule{{Nr: unix.SYS_OPENAT, Op: sandbox.AnySet, Arg: 2, Value: openToWrite}}, of(Options{}, unix.SYS_OPENAT))
}

// FuzzDecode: whatever lies in memory, decoding ends, within limits, and gives
// what JSON can hold.
func FuzzDecode(f *testing.F) {
	f.Add(uint8(0), uint64(0x10000), uint64(0x10008), uint64(3), uint64(0x10010), []byte("\x10\x00\x01\x00\x00\x00\x00\x00hello\xff\x00world"))
	f.Add(uint8(20), uint64(1), uint64(0x10000), ^uint64(0), uint64(0), []byte(strings.Repeat("\x00\x00\x01\x00\x00\x00\x00\x00", 64)))
	list := calls()
	f.Fuzz(func(t *testing.T, which uint8, a0, a1, a2, a3 uint64, data []byte) {
		c := list[int(which)%len(list)]
		from := &caller{mem: block{0x10000, data}, fds: fixed{kind: "pipe", text: "waiting"}, room: 1000}
		ev := &evidence.Event{}
		if !c.enter(from, [6]uint64{a0, a1, a2, a3, a0, a1}, ev) {
			return
		}
		require.LessOrEqual(t, len(ev.Data), 1000)
		require.GreaterOrEqual(t, ev.Size, int64(0))
		require.LessOrEqual(t, len(ev.Argv), maxArgs)
		require.LessOrEqual(t, len(ev.Text)+len(ev.FSType), 8*maxName)
		require.LessOrEqual(t, len(ev.Path)+len(ev.Source), 8*maxPath+16)
		for _, result := range []int64{int64(a2), -1, 0, 1, math.MaxInt64} {
			copied := *ev
			copied.Result = result
			wrote(&copied, from.ends)
			require.LessOrEqual(t, len(copied.Data), len(ev.Data))
		}
		text, err := json.Marshal(ev)
		require.NoError(t, err)
		var again evidence.Event
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, ev.Text, again.Text)
		require.Equal(t, ev.Path, again.Path)
		require.Equal(t, len(ev.Argv), len(again.Argv))
	})
}
