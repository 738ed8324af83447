package sandbox

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A thread that started a program of others stays its parent: whoever waits for all
// children of that thread would take the end of that program from who waits for it.
func TestThreadWithoutChildren(t *testing.T) {
	if _, err := os.Stat("/proc/thread-self/children"); err != nil {
		t.Skip("the kernel was made without CONFIG_PROC_CHILDREN: ", err)
	}
	for range 50 {
		other := exec.Command("sleep", "0.01")
		require.NoError(t, other.Start())
		err := <-onThread(func() error {
			assert.False(t, hasChildren(), "of others")
			own := exec.Command("true")
			if err := own.Start(); err != nil {
				return err
			}
			assert.True(t, hasChildren(), "its own is not seen")
			return own.Wait()
		})
		assert.NoError(t, err)
		assert.NoError(t, other.Wait())
	}
}
