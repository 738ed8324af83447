//go:build vm

package command

import (
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestVMRun runs a learner's program in the VM, from a pipe: what it says comes
// out, what it is given is not echoed, and its exit status is the checker's.
func TestVMRun(t *testing.T) {
	a, _ := kit(t)
	cmd := exec.Command(builtChecker(t, a), "run", "04", "--vm", "1",
		"--submission", filepath.Join(a.root, "solutions/04-namespaces-and-chroot"), "--", "run", "box", "/bin/payload", "exit", "7")
	cmd.Dir, cmd.Stdin = a.root, strings.NewReader("typed\n")
	out, err := cmd.Output()
	var exit *exec.ExitError
	require.True(t, errors.As(err, &exit), "%v", err)
	assert.Equal(t, 7, exit.ExitCode(), "%s", exit.Stderr)
	assert.Contains(t, string(out), "my pid is 1, my hostname")
	assert.NotContains(t, string(out), "typed")
	assert.NotContains(t, string(out), "\r")
	assert.Contains(t, string(exit.Stderr), "the sandbox is gone")
}
