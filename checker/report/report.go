// Package report says verdicts: as text for people, and as JSON. It also draws
// what was recorded of a run. It is pure: it runs nothing and keeps nothing,
// and works from plain data.
//
// It promises that no line of text is wider than was asked for (of at least
// MinWidth columns), and that nothing that a submission wrote, named or was
// called reaches the terminal as it is: what is not a visible character comes
// out escaped. The only escape codes are its own colours, and those only when
// they were asked for.
package report

import (
	"bufio"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/grade"
)

// Widths of the text, in columns.
const (
	MinWidth     = 40
	DefaultWidth = 80
	maxWidth     = 100 // longer lines are hard to read
)

// Options say for what kind of terminal the text is. The zero value is for
// DefaultWidth columns without colour.
type Options struct {
	Width int  // columns; 0: DefaultWidth
	Color bool // the caller knows whether it is a terminal, and about NO_COLOR
	ASCII bool // the locale is not UTF-8
}

func (o Options) width() int {
	if o.Width == 0 {
		return DefaultWidth
	}
	return min(max(o.Width, MinWidth), maxWidth)
}

// Context is what a Check does not hold, but its text shows. All of it may be
// missing.
type Context struct {
	Run    *evidence.Run     // the run of which the output is shown
	Child  *evidence.Process // what the scenarios take for the child in it
	Folder string            // the submission's folder as the learner types it; put before its file names
	Next   string            // what to do after a pass
}

// writer collects lines.
type writer struct {
	style
	out   strings.Builder
	width int
	x     Context
}

func newWriter(o Options, x Context) *writer {
	return &writer{style: newStyle(o), width: o.width(), x: x}
}

func (w *writer) line(parts ...string) {
	text := strings.Join(parts, "")
	// A log of GitHub Actions takes a line that begins so for a command, also
	// behind blanks; a submission's words can end up there.
	if rest := strings.TrimLeft(text, " "); strings.HasPrefix(rest, "::") || strings.HasPrefix(rest, "##[") {
		text = text[:len(text)-len(rest)] + "." + rest[1:]
	}
	w.out.WriteString(text)
	w.out.WriteByte('\n')
}

// sides writes a line with something at its right end. left and right are
// painted already, their widths are given.
func (w *writer) sides(left string, leftWidth int, right string, rightWidth int) {
	w.line(left, pad(w.width-leftWidth-rightWidth), right)
}

// Text writes what a check came to, for people.
func Text(out io.Writer, c *grade.Check, x Context, o Options) error {
	w := newWriter(o, x)
	w.title(c)
	for i := range c.Steps {
		w.step(c, &c.Steps[i])
	}
	if c.Verdict == grade.Pass {
		w.kernelSaw()
	}
	if c.Build.OK {
		w.printed(c.Verdict)
	} else if len(c.Steps) == 0 {
		w.line()
		w.compiler(c.Build.Errors, 0)
	}
	w.end(c)
	b := bufio.NewWriter(out)
	b.WriteString(w.out.String())
	return b.Flush()
}

func (w *writer) title(c *grade.Check) {
	name, dir := w.see(c.Exercise), w.see(c.Submission)
	if dir != "" && width(name)+2+width(dir) <= w.width {
		w.line(w.paint(bold, name), "  ", w.paint(faint, dir))
	} else {
		for _, l := range wrap(name, w.width) {
			w.line(w.paint(bold, l))
		}
		for _, l := range wrap(dir, w.width) {
			w.line(w.paint(faint, l))
		}
	}
	if len(c.Steps) > 0 {
		w.line()
	}
}

// indent is where a step's findings begin, label where their texts do.
const (
	indent = 4
	label  = 6
)

func (w *writer) mark(v grade.Verdict) (string, ink) {
	switch v {
	case grade.Pass:
		return w.glyph.pass, green
	case grade.Fail:
		return w.glyph.fail, red
	case grade.Skip:
		return w.glyph.skip, faint
	}
	return w.glyph.broken, yellow
}

func (w *writer) step(c *grade.Check, s *grade.StepResult) {
	mark, color := w.mark(s.Verdict)
	number := stepName(c, s)
	points := strconv.Itoa(s.Score) + "/" + strconv.Itoa(s.MaxScore)
	if s.Verdict == grade.Error || s.Verdict == grade.Skip && len(s.Needs) == 0 {
		points = w.glyph.dash + points[strings.IndexByte(points, '/'):]
	}
	left := mark + " " + number + " "
	hang := width(left)
	lines := wrap(w.see(s.Title), w.width-hang-width(points)-2)
	text := w.paint(color, mark) + " " + number + " " + w.paint(bold, lines[0])
	w.sides(text, hang+width(lines[0]), points, width(points))
	for _, l := range lines[1:] {
		w.line(pad(hang), w.paint(bold, l))
	}
	if s.Reason != "" {
		for _, l := range wrap(w.see(reason(c, s)), w.width-indent) {
			w.line(pad(indent), w.paint(faint, l))
		}
	}
	if s.Verdict == grade.Error {
		w.field("", "this is not your program's fault, and costs no points", "")
	}
	for i := range s.Findings {
		if i > 0 {
			w.line()
		}
		w.finding(c, &s.Findings[i])
	}
}

// reason is that of a step; one of more than a line that an earlier step had
// already is not said again.
func reason(c *grade.Check, s *grade.StepResult) string {
	for i := range c.Steps {
		before := &c.Steps[i]
		if before == s {
			break
		}
		if before.Reason == s.Reason && width(s.Reason) > 72 {
			return fmt.Sprintf("for the same reason as step %d", before.Step)
		}
	}
	return s.Reason
}

// stepName is what selects the step: "03.2".
func stepName(c *grade.Check, s *grade.StepResult) string {
	return exerciseNumber(c) + "." + strconv.Itoa(s.Step)
}

func exerciseNumber(c *grade.Check) string {
	number, _, _ := strings.Cut(c.Exercise, "-")
	if _, err := strconv.Atoi(number); err != nil || len(number) > 4 {
		return "?"
	}
	return number
}

// place is a line of the submission as the learner would open it.
func (w *writer) place(at string) string {
	if at == "" {
		return ""
	}
	if w.x.Folder != "" && !strings.HasPrefix(at, w.x.Folder+"/") {
		at = path.Join(w.x.Folder, at)
	}
	return w.see(at)
}

func fileLine(m grade.Message) string {
	switch {
	case m.File == "":
		return ""
	case m.Line <= 0:
		return m.File
	}
	return fmt.Sprintf("%s:%d", m.File, m.Line)
}

func itoa(n int) string { return strconv.Itoa(n) }
