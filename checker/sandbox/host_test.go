package sandbox

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPickRange(t *testing.T) {
	for _, c := range []struct {
		name     string
		uid, gid string
		want     idRange
	}{
		{"the machine's root", "         0          0 4294967295\n", "         0          0 4294967295\n", wanted},
		{"an ordinary user in a namespace of one id", "0 1000 1\n", "0 100 1\n", idRange{0, 1}},
		{"rootless, with subordinate ids", "0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 65536\n", idRange{1, 65536}},
		{"ids for users and groups differ", "0 1000 1\n1 100000 65536\n", "0 1000 1\n1 100000 4096\n", idRange{1, 4096}},
		{"LXC", "0 100000 65536\n", "0 100000 65536\n", idRange{1, 32768}},
		{"root alone of the machine's range", "0 0 2000000000\n", "0 0 2000000000\n", idRange{1, 65536}},
		{"split in two", "0 1000 1\n1 100000 10\n11 200000 10\n", "0 1000 1\n1 100000 20\n", idRange{1, 8}},
		{"nothing mapped", "", "", idRange{0, 1}},
		{"nonsense", "a b c\n1 2\n", "-1 5 9\n", idRange{0, 1}},
	} {
		assert.Equal(t, c.want, pickRange([]byte(c.uid), []byte(c.gid)), c.name)
	}
}

func FuzzPickRange(f *testing.F) {
	f.Add([]byte("0 0 4294967295\n"), []byte("0 0 4294967295\n"))
	f.Add([]byte("0 1000 1\n1 100000 65536\n"), []byte("0 1000 1\n"))
	f.Add([]byte("1 1 9223372036854775807\n"), []byte("9223372036854775807 1 9223372036854775807\n"))
	f.Fuzz(func(t *testing.T, uid, gid []byte) {
		r := pickRange(uid, gid)
		if r.count < 1 || r.base < 0 || r.base == 0 && r.count != 1 {
			t.Fatal(r)
		}
	})
}

func TestMayBeRoot(t *testing.T) {
	for _, c := range []struct {
		uidMap string
		id     int
		want   bool
	}{
		{"0 0 4294967295\n", 0, true},
		{"0 0 4294967295\n", wanted.base, false},
		{"0 1000 1\n", 0, false},
		{"0 0 1\n", 0, true},
		{"0 0 1\n 5 5 10\n", 5, false},
		{"0 1000 1\n1 0 5\n", 1, true},
		{"0 1000 1\n1 0 5\n", 2, false},
		{"0 1000 1\n", 7, true}, // mapped to nothing: nobody knows
		{"", 0, true},
	} {
		assert.Equal(t, c.want, mayBeRoot([]byte(c.uidMap), c.id), "%q %d", c.uidMap, c.id)
	}
}

func TestSeveralHostsOfOneChecker(t *testing.T) {
	t.Parallel()
	a, b := open(t), open(t)
	for range 3 {
		ran(t, a, attack(t, "hello"))
		ran(t, b, attack(t, "hello"))
	}
}

// TestFailedRunsLeaveNothing: whatever the step at which a sandbox cannot be
// made, the next one can.
func TestFailedRunsLeaveNothing(t *testing.T) {
	h := open(t)
	ran(t, h, attack(t, "hello")) // the Host is open now
	const rounds = 33
	before, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	for range rounds {
		cmd := attack(t, "hello")
		cmd.Files = append(cmd.Files, File{Path: "/usr/none/file"})
		_, err := h.Run(t.Context(), cmd)
		require.Error(t, err)
		cmd = attack(t, "hello")
		cmd.Path = "/none"
		_, err = h.Run(t.Context(), cmd)
		require.Error(t, err)
	}
	ran(t, h, attack(t, "hello"))
	after, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	assert.Equal(t, len(before), len(after), "descriptors")
	if h.groups != nil {
		assert.Empty(t, dirsOf(h))
	}
}
