//go:build vm

package command

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVMShell checks a program by what is in the VM of the shell alone, into a pipe.
func TestVMShell(t *testing.T) {
	a, _ := kit(t)
	cmd := exec.Command(builtChecker(t, a), "vm", "shell", "--", "ls bin; make check STEP=04 SUBMISSION=solutions/04-namespaces-and-chroot")
	cmd.Dir = a.root
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	assert.Contains(t, string(out), "payload-", "what would take minutes to compile there")
	assert.Contains(t, string(out), "score: 100/100, passed")
	assert.NotContains(t, string(out), "\x1b", "colour and cleared lines are for terminals")
}
