package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWords(t *testing.T) {
	const trace = "\ngoroutine 1 [running]:\nmain.main()\n\t/src/main.go:3 +0x25\n"
	k, first := newKernel(RunSpec{})
	child := first.start("CLONE_NEWPID").wired("stdin", "pipe")
	fork := child.clone()
	first.write("pipe", "pipe:[7]", "\x01")
	first.print("fatal error: all goroutines are asleep - deadlock!\n" + trace)
	child.write("pipe", "pipe:[8]", "go on")
	child.write("pipe", "", "said\n")
	fork.write("socket", "", "asked")
	fork.write("pipe", "", "said as well\n")
	fork.exit(0)
	child.exit(2)
	first.exit(2)
	f, err := study(k.over())
	require.NoError(t, err)
	assert.Equal(t, "fatal error: all goroutines are asleep - deadlock!", f.lastWords(f.first))
	assert.Equal(t, "said", f.lastWords(f.child))
	assert.Equal(t, "said as well", f.lastWords(f.run.Process(fork.ID)))
	_, panicked := f.panicked(f.first)
	assert.True(t, panicked, "though it wrote something else before")
}
