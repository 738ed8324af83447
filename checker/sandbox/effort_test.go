package sandbox

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What a program had of the machine when its time was over is told, whether it
// slept or computed.
func TestWhatARunHadOfTheMachine(t *testing.T) {
	t.Parallel()
	h := open(t)
	had := func(how string, limit time.Duration, still func(cpu, waited time.Duration)) *Result {
		cmd := attack(t, how)
		cmd.Limits.Time, cmd.Still = limit, still
		res := run(t, h, cmd)
		assert.True(t, res.TimedOut, how)
		return res
	}
	const limit = 500 * time.Millisecond
	spun := had("spin", limit, nil)
	assert.Greater(t, spun.CPU+spun.Waited, limit/2, "it computed, or would have")
	assert.Greater(t, spun.CPU, 10*time.Millisecond)
	assert.Greater(t, spun.Late, limit/8, "in the second half too")

	calls := 0
	var cpu time.Duration
	slept := had("sleep", StillAfter+limit, func(c, _ time.Duration) { calls, cpu = calls+1, c })
	assert.Less(t, slept.CPU, limit/2)
	assert.Greater(t, slept.CPU, time.Duration(0), "the kernel counts")
	assert.Less(t, slept.Late, slept.CPU, "it slept from the beginning")
	assert.Equal(t, 1, calls)
	assert.LessOrEqual(t, cpu, slept.CPU)

	had("sleep", limit, func(_, _ time.Duration) { t.Error("it ended before") })

	cmd := attack(t, "status")
	res := run(t, h, cmd)
	assert.Zero(t, res.CPU+res.Waited, "it was in time")
}
