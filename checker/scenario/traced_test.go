package scenario

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Who failed because the kernel gave it no second tracer is not judged; who does
// without one is.
func TestTracedTwice(t *testing.T) {
	traceme := func(p *proc) *proc { p.refuse("ptrace", "EPERM").Text = "PTRACE_TRACEME"; return p }
	for name, test := range map[string]struct {
		main   func(first *proc)
		broken bool
	}{
		"before the exec": {func(first *proc) {
			child := traceme(first.clone(isolated...))
			child.exit(253)
			first.wait(child).exit(1)
		}, true},
		"and went on": {func(first *proc) {
			child := traceme(first.start(isolated...))
			finish(first, child)
		}, false},
		"before the exec, and went on": {func(first *proc) {
			child := traceme(first.clone(isolated...)).exec(program, "me", "child")
			child.exit(1)
			first.wait(child).exit(1)
		}, false},
		"in a helper": {func(first *proc) {
			child := first.start(isolated...)
			traceme(first.clone()).exit(253)
			finish(first, child)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			run, _ := submission{main: func(first *proc, _ RunSpec) { test.main(first) }}.runner()
			o, err := Judge(context.Background(), Script{Path: files(t, ex03)[0], WorkDir: t.TempDir()}, run)
			require.NoError(t, err)
			if !test.broken {
				assert.NoError(t, o.Err)
				assert.NotEmpty(t, o.Findings)
				return
			}
			assert.ErrorContains(t, o.Err, "ptrace")
			assert.Empty(t, o.Findings)
		})
	}
}
