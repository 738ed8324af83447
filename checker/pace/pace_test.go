package pace

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLate(t *testing.T) {
	assert.GreaterOrEqual(t, Start().Late(), -every)
	w := Start()
	time.Sleep(5 * every)
	late := w.Late()
	assert.GreaterOrEqual(t, late, time.Duration(0))
	assert.Less(t, late, time.Minute)
}

// A process that did not run before its watch did was late too.
func TestLateFromTheStart(t *testing.T) {
	w := &Watch{make(chan struct{}), make(chan time.Duration, 1)}
	go w.run(time.Now().Add(-time.Hour))
	assert.GreaterOrEqual(t, w.Late(), time.Hour-every)
}
