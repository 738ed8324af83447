package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"pidone/checker/evidence"
)

func TestAToolIsNoChild(t *testing.T) {
	for what, c := range map[string]struct {
		flags []string
		path  string
		child bool
	}{
		"a tool":                         {path: "/usr/sbin/iptables"},
		"a tool in a new namespace":      {[]string{"CLONE_NEWNET"}, "/usr/bin/ip", true},
		"the submission's program":       {path: program, child: true},
		"the command, wherever it lives": {path: "/fs/box/rootfs/bin/sleep", child: true},
	} {
		k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/sleep", "1"}})
		p := first.clone(c.flags...).exec(c.path, "x")
		p.clone().exit(0) // as a subshell
		p.exit(2)
		first.exit(1)
		run := k.over()
		assert.Equal(t, 1, Child(run).ID, "%s: without an image", what)
		run.Image = &evidence.Image{Name: "box"}
		if child := Child(run); c.child {
			assert.Equal(t, 1, child.ID, what)
		} else {
			assert.Nil(t, child, what)
		}
	}
}
