package scenario

import (
	"fmt"
	"slices"
	"strings"

	"pidone/checker/evidence"
)

// partly says how much of what these processes wrote was kept, if that is not
// all: a word that is not in it may have been printed all the same.
func (f *facts) partly(by []*evidence.Process) (string, bool) {
	kept, cut := 0, slices.Contains(f.run.End.Cut, "events")
	for _, p := range by {
		for i := range f.wrote[p.ID] {
			t := &f.wrote[p.ID][i]
			kept += len(t.data)
			cut = cut || len(t.lost) > 0
		}
	}
	return sizeWords(kept), cut && kept >= enough
}

// enough is more than a process writes whose bytes are unknown for another
// reason than their number: it left them to sendfile or splice.
const enough = 64 << 10

// sizeWords says a number of bytes in a unit of its size, rounded down.
func sizeWords(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d bytes", n)
}

// notInPart is the finding for a word that was looked for in a part of what
// was printed: it does not say that the rest lacks it.
func notInPart(cause, word, size string) because {
	return because{
		cause: cause,
		saw:   fmt.Sprintf("no %s in the first %s of what was printed", word, size),
		why:   fmt.Sprintf("only the first %s were looked at: there was more than is kept", size),
		try:   "print it before all the rest, or print less",
	}
}

// unrecorded says that the run did more than was recorded: that something is
// not in the evidence does not show then that it did not happen.
func (f *facts) unrecorded() (because, bool) {
	return f.tooMuch("whether this held to the end cannot be seen", "events", "processes", "namespaces")
}

// unseen says that the container had more of what may lead out of it than was looked at.
func (f *facts) unseen() (because, bool) {
	return f.tooMuch("whether the others lead to the host cannot be seen", "descriptors", "mounts", "text", "threads")
}

func (f *facts) tooMuch(unknown string, kinds ...string) (because, bool) {
	var cut []string
	for _, kind := range kinds {
		if slices.Contains(f.run.End.Cut, kind) {
			cut = append(cut, strings.NewReplacer("events", "system calls", "descriptors", "open files", "text", "paths and arguments").Replace(kind))
		}
	}
	if len(cut) == 0 {
		return because{}, false
	}
	return because{
		cause: "too-much",
		saw:   "more " + list(cut) + " than can be recorded",
		why:   "only the first ones were recorded: " + unknown,
		try:   "have the program do less: find what it repeats",
	}, true
}
