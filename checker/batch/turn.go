package batch

// MaxOpen is how many submissions Run has open at once at the most.
const MaxOpen = 32

// MaxLent is how many turns are lent at the most for each that there is: those
// who lend theirs still have memory.
const MaxLent = 3

// A Turn is a submission's right to use the machine, of which there are
// Options.Jobs. It is for one goroutine at a time. A nil one is for a submission
// that is alone: nothing is lent.
type Turn struct {
	turns chan struct{}
	held  bool
}

func (t *Turn) take() {
	t.turns <- struct{}{}
	t.held = true
}

func (t *Turn) give() {
	if t != nil && t.held {
		<-t.turns
		t.held = false
	}
}

// Lend lets another submission begin while this one only waits.
func (t *Turn) Lend() { t.give() }

// Resume takes the turn again if it was lent, when there is one.
func (t *Turn) Resume() {
	if t != nil && !t.held {
		t.take()
	}
}
