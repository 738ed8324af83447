package report

import (
	"strings"

	"pidone/checker/grade"
	"pidone/checker/scenario"
)

// doesNotCompile is the cause for which the compiler's lines are shown in place
// of what the finding quotes of them.
const doesNotCompile = "does-not-compile"

func (w *writer) finding(c *grade.Check, f *scenario.Finding) {
	at := w.place(f.At)
	w.field("want", f.Want, "")
	switch {
	case f.Cause == doesNotCompile && len(c.Build.Errors) > 0:
		w.compiler(c.Build.Errors, indent+label)
		at = ""
	case f.Why == "":
		w.field("saw", f.Saw, at)
	default:
		w.field("saw", f.Saw, "")
	}
	if f.SameAs > 0 {
		w.field("why", "for the same reason as step "+itoa(f.SameAs), "")
		return
	}
	if f.Why != "" {
		w.field("why", f.Why, at)
	}
	w.field("try", f.Try, w.see(f.Ask))
	if f.Follows > 0 {
		w.field("also", plural(f.Follows, "more check fails", "more checks fail")+" because of this", "")
	}
}

// field writes one labelled text, wrapped, and behind it, at the right end,
// what belongs to it: on the last line if there is room, else on one more.
// right is visible already.
func (w *writer) field(name, text, right string) {
	if text == "" && right == "" {
		return
	}
	b := block{lead: pad(indent) + name, leadInk: cyan, hang: indent + label, text: w.see(text), right: right, rightInk: faint}
	if name == "" {
		b.hang = indent
	}
	for _, r := range w.lay(b, w.width) {
		w.line(strings.TrimRight(r.text, " "))
	}
}

// compiler writes the compiler's lines, with places as the learner knows them.
func (w *writer) compiler(errors []grade.Message, margin int) {
	head := "saw"
	for _, m := range errors {
		place := w.place(fileLine(m))
		if place != "" {
			if m.Line > 0 && m.Col > 0 {
				place += ":" + itoa(m.Col)
			}
			place += ": "
		}
		for i, part := range strings.Split(strings.TrimRight(m.Text, "\n"), "\n") {
			first, hang := "", margin+2
			part = strings.TrimLeft(part, "\t")
			if i == 0 {
				first, hang = place, margin
			} else if at, rest, ok := strings.Cut(part, ": "); ok && strings.Contains(at, ".go:") && !strings.Contains(at, " ") {
				first, part = w.place(at)+":", rest
			}
			for j, l := range w.hanging(first, w.see(part), hang) {
				left := pad(hang)
				if j > 0 {
					left += "  "
				}
				if head != "" && margin > indent {
					left = pad(indent) + w.paint(cyan, head) + pad(label-len(head))
					head = ""
				}
				w.line(left, l)
			}
		}
	}
}

// hanging wraps a place and a text behind it; the lines after the first are
// two columns narrower.
func (w *writer) hanging(place, text string, margin int) []string {
	room := w.width - margin
	all := wrapFirst(strings.TrimSpace(place)+" "+text, room, room-2)
	if place != "" {
		all[0] = w.paintPrefix(all[0], strings.TrimSpace(place))
	}
	return all
}

func (w *writer) paintPrefix(line, prefix string) string {
	if rest, ok := strings.CutPrefix(line, prefix); ok {
		return w.paint(bold, prefix) + rest
	}
	return line
}
