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
