package command

import (
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What the pages tell a learner to type ends by itself on a terminal, too.
func TestRunOnATerminal(t *testing.T) {
	program, err := checkerProgram()
	require.NoError(t, err)
	cmd := exec.Command(program, "run", "04", "--submission", "solutions/04-namespaces-and-chroot", "--", "run", "box", "/opt/payload", "say")
	cmd.Dir, cmd.Env = os.Getenv(rootVariable), append(os.Environ(), "TERM=xterm")
	tty, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 24, Cols: 80})
	require.NoError(t, err)
	defer tty.Close()
	waits := time.AfterFunc(time.Minute, func() { cmd.Process.Signal(os.Interrupt) })
	shown, _ := io.ReadAll(tty) // EIO: the last of it has closed the terminal
	require.NoError(t, cmd.Wait())
	assert.True(t, waits.Stop(), "it waits for what is typed")
	assert.Contains(t, string(shown), `"mounts":["/proc"]`)
	assert.Contains(t, string(shown), "ended with status 0; the sandbox is gone")
}
