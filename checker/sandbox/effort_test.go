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

	// However often it may be given more time for that of others.
	had("sleep", StillAfter/(2*patience), func(_, _ time.Duration) { t.Error("it ended before") })

	assert.GreaterOrEqual(t, spun.Duration, limit)
	if (effort{slept.CPU, slept.Waited}).hadMachine(StillAfter + limit) { // or it got more: others took it from its start
		assert.Less(t, slept.Duration, 2*(StillAfter+limit), "who sleeps gets no more time for it")
	}

	cmd := attack(t, "status")
	res := run(t, h, cmd)
	assert.Zero(t, res.CPU+res.Waited, "it was in time")
}

// TestHadMachine says to whom time is given for the time that others took.
func TestHadMachine(t *testing.T) {
	const limit = 10 * time.Second
	for _, c := range []struct {
		what string
		effort
		had bool
	}{
		{"it slept", effort{12 * time.Millisecond, 30 * time.Millisecond}, true},
		{"it computed", effort{9900 * time.Millisecond, 80 * time.Millisecond}, true},
		{"two threads on one CPU", effort{9800 * time.Millisecond, 9900 * time.Millisecond}, true},
		{"it computed beside another", effort{5 * time.Second, 5 * time.Second}, false},
		{"it wanted little, and waited for that", effort{time.Second, 6 * time.Second}, false},
		{"the kernel does not count", effort{}, true},
	} {
		assert.Equal(t, c.had, c.hadMachine(limit), c.what)
	}
}

func TestEvery(t *testing.T) {
	t.Parallel()
	calls := 0
	done := make(chan bool)
	stop := every(time.Millisecond, func() bool {
		if calls++; calls == 3 {
			close(done)
		}
		return calls < 3
	})
	<-done
	time.Sleep(5 * time.Millisecond)
	stop()
	assert.Equal(t, 3, calls)
	every(time.Hour, func() bool { t.Error("it was stopped before"); return false })()
}
