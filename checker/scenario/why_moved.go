package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// moved explains a child in the host's namespaces of those kinds by its own calls:
// it went back there, or a thread that is not its first left alone. Namespaces
// belong to threads, and the first one's are the process's.
func (f *facts) moved(kinds []string) (because, bool) {
	var b because
	for i, kind := range kinds {
		last, left := f.lastMove(kind)
		switch {
		case last == nil:
			return because{}, false
		case i > 0:
		case f.run.Host.New(*last.After, kind):
			call := last.Call
			if call == "unshare" {
				call = callWords(last)
			}
			b = because{
				cause: "unshare-in-thread",
				why:   fmt.Sprintf("%s was called on another thread of it than the first, and moved that thread alone", call),
				try:   "ask for the namespaces when the child is created: Cloneflags",
				at:    last.At,
			}
		case left:
			b = because{
				cause: "host-namespace",
				why:   fmt.Sprintf("it had been in another, and %s brought it back", last.Call),
				try:   "let the child stay in its new namespaces to the end",
				at:    last.At,
			}
		}
	}
	return b, b.cause != ""
}

// lastMove returns the last call with which a thread of the child changed its
// namespace of that kind, or nil, and whether one of it had left the host's before.
func (f *facts) lastMove(kind string) (last *evidence.Event, left bool) {
	left = f.run.Host.New(f.child.Born, kind)
	for _, e := range f.calls(f.child.ID, "unshare", "setns") {
		if e.Errno != "" || e.After == nil || !slices.Contains(e.Flags, flagOf(kind)) && !strings.HasPrefix(e.Path, kind+":") {
			continue
		}
		left = left || last != nil && f.run.Host.New(*last.After, kind)
		last = e
	}
	return last, left
}
