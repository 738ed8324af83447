package scenario

import (
	"fmt"
	"slices"

	"pidone/checker/evidence"
)

// keepThread is advice for what one thread did and another should have.
const keepThread = "do this, and what follows, on one thread: runtime.LockOSThread"

// oneThread tells whether a call changed the root of the thread that made it
// alone: threads share theirs until one calls unshare.
func (f *facts) oneThread(change *evidence.Event) bool {
	if change.After == nil || change.After.Root == "" || change.After.Root == "/" {
		return false
	}
	return !slices.ContainsFunc(f.calls(change.Process, "setns"), func(e *evidence.Event) bool { return e.Seq > change.Seq })
}

// madeBeside explains a child in the host's namespaces of those kinds by an unshare
// in its maker, on a thread that did not make it.
func (f *facts) madeBeside(kinds []string) (because, bool) {
	e := f.creation(f.child)
	if e == nil || len(f.calls(e.Process, "setns")) > 0 {
		return because{}, false
	}
	for _, kind := range kinds {
		u := f.unshared(e.Process, flagOf(kind), e.Seq)
		if u == nil || u.Errno != "" || u.Done > e.Seq || kind == "pid" || f.run.Host.New(f.child.Born, kind) {
			continue
		}
		return because{
			cause: "unshare-in-thread",
			why:   fmt.Sprintf("%s in %s moved one thread alone, and another made the child", callWords(u), f.who(f.run.Process(e.Process))),
			try:   keepThread,
			at:    u.At,
		}, true
	}
	return because{}, false
}
