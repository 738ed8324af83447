package trace

import (
	"bytes"
	"errors"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A program that puts its child into a control group, or sets the group's limits,
// when the child runs already, has to make the child wait meanwhile. One that does
// not may be lucky: it depends on which of the two is quicker. Luck must not decide a
// verdict. So where such a program writes to a file of a group, its children go
// first: the write waits, at its stop, until they have left the submission's
// program behind, or wait for something themselves.

// held is a thread whose write waits.
type held struct {
	t      *task
	looks  int    // how often it was looked
	quiet  int    // how often in a row its children were asleep
	asleep int    // how often in all
	begun  uint64 // ticks of its children when it began
}

// When a child counts as one that waits: asleep at that many looks in a row; or at
// that many in all, if these are most, as those of one are that looks again and
// again whether it may go on. Who takes that much time on a CPU is not on its way to
// anything else.
const (
	quietLooks  = 20
	asleepLooks = 150
	busyTicks   = 100 // of 10 ms
)

// waits tells whether the children wait, or will not get anywhere.
func (h *held) waits(ticks uint64) bool {
	return h.quiet >= quietLooks || h.asleep >= asleepLooks && 2*h.asleep > h.looks || ticks >= h.begun+busyTicks
}

// pause is the time between two looks.
const pause = time.Millisecond

// yields tells whether a thread that is about to write has to wait.
func (r *Recorder) yields(t *task) bool {
	if t.yielded {
		t.yielded = false
		return false
	}
	if len(r.descendants(t.proc)) == 0 {
		return false
	}
	r.groups.held = append(r.groups.held, &held{t: t, begun: r.ticks(t.proc)})
	return true
}

// descendants are the processes that run the submission's program and come from one.
func (r *Recorder) descendants(p *process) (found []*process) {
	for _, q := range r.procs {
		if q.ev == nil || q.over || !q.self || q == p || p.ev == nil {
			continue
		}
		if r.run.Made(p.ev.ID, q.ev.ID) {
			found = append(found, q)
		}
	}
	return found
}

// ticks is what the descendants of a process have had of a CPU, in clock ticks.
func (r *Recorder) ticks(p *process) (sum uint64) {
	for _, q := range r.descendants(p) {
		data, err := r.proc.read(q.pid, "stat")
		if err != nil {
			continue
		}
		// Fields 14 and 15, proc_pid_stat(5); behind the name the third comes first.
		if f := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:]); len(f) > 12 {
			for _, text := range f[11:13] {
				n, _ := strconv.ParseUint(string(text), 10, 64)
				sum += n
			}
		}
	}
	return sum
}

// idle tells whether all threads of the descendants of a process are asleep.
func (r *Recorder) idle(p *process) bool {
	for _, q := range r.descendants(p) {
		for tid, t := range q.tasks {
			if t.listens {
				continue
			}
			data, err := r.proc.read(tid, "stat")
			if err != nil {
				continue
			}
			rest := bytes.TrimSpace(data[bytes.LastIndexByte(data, ')')+1:])
			if len(rest) > 0 && bytes.IndexByte([]byte("SZX"), rest[0]) < 0 {
				return false
			}
		}
	}
	return true
}

// release lets those go on that need not wait any more.
func (r *Recorder) release() {
	for _, h := range slices.Clone(r.groups.held) {
		if r.tasks[h.t.tid] == h.t && !h.t.exiting && len(r.descendants(h.t.proc)) > 0 {
			h.looks++
			h.quiet++
			if r.idle(h.t.proc) {
				h.asleep++
			} else {
				h.quiet = 0
			}
			if !h.waits(r.ticks(h.t.proc)) {
				continue
			}
		}
		r.groups.held = slices.DeleteFunc(r.groups.held, func(x *held) bool { return x == h })
		if r.tasks[h.t.tid] == h.t && !h.t.exiting {
			h.t.yielded = true
			r.proceed(h.t)
		}
	}
}

// await waits for the next status of a task.
func (r *Recorder) await(status *unix.WaitStatus) (int, error) {
	for len(r.groups.held) > 0 {
		tid, err := unix.Wait4(-1, status, unix.WALL|unix.WNOTHREAD|unix.WNOHANG, nil)
		if tid > 0 || err != nil && !errors.Is(err, unix.EINTR) {
			return tid, err
		}
		time.Sleep(pause)
		r.release()
	}
	return wait4(status)
}
