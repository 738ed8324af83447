package trace

import (
	"slices"
	"strings"
	"unicode/utf8"

	"pidone/checker/evidence"
)

// Limits of the names, paths and arguments of a run, as they stand in it:
// what is not printable has been escaped.
const (
	maxText  = 4 << 20 // bytes, all together
	freeText = 64      // bytes of one that is kept whatever there was before
)

// texts keeps the paths of a run within their limit. Equal ones are one.
type texts struct {
	known map[string]string
	used  int
	full  bool
}

// keep returns what is kept of s.
func (x *texts) keep(s string) string {
	if len(s) <= freeText {
		return strings.Clone(s)
	}
	if k, ok := x.known[s]; ok {
		return k
	}
	if room := max(maxText-x.used, freeText); len(s) > room {
		x.full = true
		for room > 0 && !utf8.RuneStart(s[room]) {
			room--
		}
		x.used += room
		return strings.Clone(s[:room])
	}
	x.used += len(s)
	s = strings.Clone(s)
	x.known[s] = s
	return s
}

// keepAll returns what is kept of a list: nothing is free here.
func (x *texts) keepAll(list []string) []string {
	const each = 16 // bytes of a string's header
	for i, s := range list {
		if x.used += each; x.used+len(s) > maxText {
			x.full = true
			return slices.Clone(list[:i]) // the rest of the list can be given up
		}
		if len(s) <= freeText {
			x.used += len(s)
			list[i] = strings.Clone(s) // it may be a part of a long one
		} else {
			list[i] = x.keep(s)
		}
	}
	return list
}

// text keeps a string of the run.
func (r *Recorder) text(s string) string {
	s = r.texts.keep(s)
	if r.texts.full {
		r.cut("text")
	}
	return s
}

// argv keeps the arguments of a program.
func (r *Recorder) argv(list []string) []string {
	list = r.texts.keepAll(list)
	if r.texts.full {
		r.cut("text")
	}
	return list
}

// trim keeps the strings of an event.
func (r *Recorder) trim(ev *evidence.Event) {
	for _, s := range []*string{&ev.Text, &ev.Path, &ev.Source, &ev.FSType} {
		*s = r.text(*s)
	}
	ev.Argv = r.argv(ev.Argv)
	if ev.Target != nil {
		ev.Target.Name = r.text(ev.Target.Name)
	}
}
