package sandbox

import (
	"runtime"
	"sync"
)

// A crowd is the runs that are under way. Each is followed by a thread, and has others
// that read its streams and answer for it. A thread that wants to go on has to wait for
// a CPU, which the kernel counts (effort.go), but before that for one of GOMAXPROCS
// turns in this process, which nobody counts: on a busy machine, whose kernel makes a
// thread wait that has a turn, the others seem to sleep, and a program that waits for
// them seems to have had the machine. So there are as many turns as threads want one,
// besides those that there are anyway.
type crowd struct {
	mu   sync.Mutex
	runs int
}

// turns is how many threads of a run may want to go on at the same time.
const turns = 2

// join makes room for one run more. GOMAXPROCS does not become smaller again: to change
// it makes everything wait, and the next run is not far.
func (c *crowd) join() (leave func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.runs++
	if most := runtime.NumCPU() + c.runs*turns; most > runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(most)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.runs--
	}
}
