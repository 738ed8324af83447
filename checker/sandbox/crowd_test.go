package sandbox

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The threads of so many runs do not wait for their turn in this process.
func TestCrowd(t *testing.T) {
	t.Parallel()
	var c crowd
	var leave []func()
	for n := 1; n <= 5; n++ {
		leave = append(leave, c.join())
		assert.GreaterOrEqual(t, runtime.GOMAXPROCS(0), runtime.NumCPU()+n*turns)
	}
	most := runtime.GOMAXPROCS(0)
	for _, f := range leave {
		f()
	}
	c.join()()
	assert.GreaterOrEqual(t, runtime.GOMAXPROCS(0), most, "it does not become smaller")
	assert.Zero(t, c.runs)
}
