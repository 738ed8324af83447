package trace

import (
	"slices"

	"golang.org/x/sys/unix"
)

// names tells whether a call gives a UTS namespace a name.
func (c *call) names() bool { return c.nr == unix.SYS_SETHOSTNAME || c.nr == unix.SYS_SETDOMAINNAME }

// A turn sees to it that one thread at a time gives a name: a name that another
// one replaces before it is read would never have been.
type turn struct {
	now  *task   // the thread within such a call
	wait []*task // threads at the stop before theirs, and not let go
}

// takes gives a thread the turn, or makes it wait.
func (u *turn) takes(t *task) bool {
	if u.now != nil && u.now != t {
		if !slices.Contains(u.wait, t) {
			u.wait = append(u.wait, t)
		}
		return false
	}
	u.now = t
	return true
}

// pass ends the turn of a thread that is out of its call, in whatever way, and
// gives it to the next one that is still there. It is asked for after every
// stop and every end, so that nobody waits for a thread that is gone.
func (r *Recorder) pass() {
	u := &r.turn
	for {
		if t := u.now; t != nil && r.tasks[t.tid] == t && !t.exiting && t.pending != nil && t.pending.call.names() {
			return
		}
		u.now = nil
		if len(u.wait) == 0 {
			return
		}
		next := u.wait[0]
		u.wait = slices.Delete(u.wait, 0, 1)
		if r.tasks[next.tid] != next || next.exiting {
			continue
		}
		r.proceed(next)
	}
}

// proceed deals with a call that has waited.
func (r *Recorder) proceed(t *task) {
	defer r.rescue(t.tid)
	if err := r.called(t); err != nil {
		r.fail(err)
		_ = resume(unix.PTRACE_CONT, t.tid, 0)
	}
}
