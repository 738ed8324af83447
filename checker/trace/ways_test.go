package trace

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/unix"
)

// What Go's runtime has open of a control group is told from what a program has.
func TestOfRuntime(t *testing.T) {
	t.Parallel()
	const own = unix.O_RDONLY | unix.O_CLOEXEC | 0o100000 // O_LARGEFILE, which the kernel adds
	assert.True(t, ofRuntime("/sys/fs/cgroup/session/cpu.max", own))
	for name, flags := range map[string]int64{
		"/sys/fs/cgroup/box/memory.max": own,
		"/sys/fs/cgroup/cpu.max":        unix.O_RDWR | unix.O_CLOEXEC,
		"/sys/fs/cgroup/box/cpu.max":    unix.O_RDONLY, // whoever is executed has it too
		"/sys/fs/cgroup/a/cpu.max":      -1,
	} {
		assert.False(t, ofRuntime(name, flags), name)
	}
}
