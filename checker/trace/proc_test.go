package trace

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

const someStatus = "Name:\ta\\nTgid:\t1\nUmask:\t0022\nState:\tZ (zombie)\nTgid:\t120\nNgid:\t0\nPid:\t121\nPPid:\t7\nTracerPid:\t9\n" +
	"Uid:\t0\t0\t0\t0\nNStgid:\t120\t5\t1\nNSpid:\t121\t6\t2\nNSpgid:\t1\n"

func TestParseStatus(t *testing.T) {
	t.Parallel()
	s, ok := parseStatus([]byte(someStatus))
	assert.True(t, ok)
	assert.Equal(t, procStatus{tgid: 120, ppid: 7, nspid: []int{121, 6, 2}, state: 'Z', tracer: 9}, s)
	for _, bad := range []string{"", "Tgid:\t1\n", "NSpid:\t1\n", "Tgid:\tx\nNSpid:\t1\n",
		"Tgid:\t1\nNSpid:\t" + strings.Repeat("1\t", 40) + "\n"} {
		_, ok := parseStatus([]byte(bad))
		assert.False(t, ok, bad)
	}
}

func TestProcfsOfThisProcess(t *testing.T) {
	t.Parallel()
	fd, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fd)
	p := newProcfs(fd)
	data, err := p.read(os.Getpid(), "status")
	require.NoError(t, err)
	s, ok := parseStatus(data)
	assert.True(t, ok)
	assert.Equal(t, os.Getpid(), s.tgid)
	assert.Equal(t, os.Getppid(), s.ppid)
	link, err := p.link(os.Getpid(), "ns/uts")
	require.NoError(t, err)
	assert.NotZero(t, parseInode(link, "uts"))
	_, err = p.link(1<<30, "ns/uts")
	assert.ErrorIs(t, err, unix.ENOENT)
	in, err := p.open(os.Getpid(), "mountinfo", unix.O_RDONLY)
	require.NoError(t, err)
	defer unix.Close(in)
	data, err = readAll(in, 1<<20)
	require.NoError(t, err)
	assert.Contains(t, points(parseMounts(data)), "/proc")
	short, err := readAll(in, 1)
	require.NoError(t, err)
	assert.NotEmpty(t, short)
}

func TestParseCode(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("/proc/self/stat")
	require.NoError(t, err)
	code := parseCode(data)
	pc := uint64(reflect.ValueOf(TestParseCode).Pointer())
	assert.Less(t, code[0], pc)
	assert.Greater(t, code[1], pc)
	const numbers = " S 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28"
	assert.Equal(t, [2]uint64{26, 27}, parseCode([]byte("1 (a) b) 1 2)"+numbers)))
	assert.Zero(t, parseCode([]byte("1 (x) S 4")))
	assert.Zero(t, parseCode(nil))
}

func TestParseInode(t *testing.T) {
	t.Parallel()
	for link, want := range map[string]uint64{
		"uts:[4026531838]": 4026531838, "uts:[]": 0, "uts:[1": 0, "uts[1]": 0, "pid:[1]": 0, "": 0, "uts:[-1]": 0,
		"uts:[99999999999999999999999999]": 0,
	} {
		assert.Equal(t, want, parseInode([]byte(link), "uts"), link)
	}
}

func TestParseMounts(t *testing.T) {
	t.Parallel()
	data := "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw\n" +
		`37 35 98:0 / /a\040b\134\011 rw - tmpfs tmpfs rw` + "\n" +
		"broken line\n" +
		"38 35 98:0 / /\u00a0\xff rw - tmpfs tmpfs rw\n" +
		`39 35 98:0 / /tail\04 rw - tmpfs tmpfs rw`
	assert.Equal(t, []string{"/mnt2", "/a b\\\t", "/\u00a0\\xff", `/tail\04`}, points(parseMounts([]byte(data))))
}

func TestChangedMounts(t *testing.T) {
	t.Parallel()
	proc, evil, dev := mount{point: "/proc", what: "1 0:1 / proc"}, mount{point: "/proc", what: "1 0:9 / tmpfs"}, mount{point: "/dev", what: "2 0:2 / tmpfs"}
	for _, c := range []struct {
		before, now []mount
		want        []string
	}{
		{[]mount{dev, proc}, []mount{proc, dev}, nil},
		{[]mount{dev, proc}, []mount{dev, proc, proc, {point: "/x", what: "4"}}, []string{"/proc", "/x"}},
		{[]mount{dev, proc}, []mount{dev, proc, evil}, []string{"/proc"}},
		{[]mount{dev, proc}, []mount{dev, evil}, []string{"/proc (replaced)"}},
		{[]mount{dev, proc}, []mount{evil, evil}, []string{"/dev (gone)", "/proc", "/proc (replaced)"}},
		{nil, []mount{dev}, []string{"/dev"}},
		{[]mount{dev}, nil, []string{"/dev (gone)"}},
	} {
		assert.Equal(t, c.want, changed(c.before, c.now))
	}
}

func TestPrintable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain": "plain", "": "", "ü\x00\x1b": "ü\x00\x1b", "\xff": `\xff`, "a\xc3": `a\xc3`, "\xc3ü\x80": `\xc3ü\x80`, "\ufffd": "\ufffd",
	} {
		assert.Equal(t, want, printable(in))
	}
}

func TestArguments(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"a", "", "b"}, arguments([]byte("a\x00\x00b\x00")))
	assert.Nil(t, arguments(nil))
	assert.Len(t, arguments([]byte(strings.Repeat("x\x00", 1000))), maxArgs)
}

func FuzzParseStatus(f *testing.F) {
	f.Add([]byte(someStatus))
	f.Add([]byte("NSpid:\t\nTgid:\t\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, ok := parseStatus(data)
		if !ok {
			return
		}
		require.Positive(t, s.tgid)
		require.NotEmpty(t, s.nspid)
		for _, pid := range append(s.nspid, s.ppid) {
			require.GreaterOrEqual(t, pid, 0)
		}
	})
}

func FuzzParseMounts(f *testing.F) {
	f.Add([]byte("36 35 98:0 /mnt1 /mnt2\\040 rw,noatime master:1 - ext3 /dev/root rw\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, point := range points(parseMounts(data)) {
			require.True(t, utf8.ValidString(point))
		}
	})
}
