// Package pace tells whether the machine lets a process run when it wants to.
package pace

import "time"

// A Watch measures that from Start to Late.
type Watch struct {
	stop chan struct{}
	late chan time.Duration
}

// every is how long it sleeps at a time.
const every = 20 * time.Millisecond

// Start begins to measure.
func Start() *Watch {
	w := &Watch{make(chan struct{}), make(chan time.Duration, 1)}
	go w.run(time.Now())
	return w
}

// run begins with when it ought to have begun: the process may not have run since.
func (w *Watch) run(slept time.Time) {
	longest := time.Duration(0)
	for {
		timer := time.NewTimer(every)
		select {
		case <-timer.C:
			longest = max(longest, time.Since(slept)-every)
			slept = time.Now()
		case <-w.stop:
			timer.Stop()
			w.late <- max(longest, time.Since(slept)-every)
			return
		}
	}
}

// Late ends it, and returns by how much the process was woken too late, at most.
// It is called once.
func (w *Watch) Late() time.Duration {
	close(w.stop)
	return <-w.late
}
