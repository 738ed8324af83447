package webpage

import (
	"fmt"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/picture"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// A section is all there is to see of one submission.
type section struct {
	row
	Took    string
	Steps   []step
	Files   []file
	Streams []stream
	Picture *picture.Picture
	Shown   string // what the picture has: "3 processes"
	Lost    string // why there is no picture though there was a run
	Lean    bool   // what is long was left out, for the page's size

	findings int // of all steps, that are shown
	places   places
}

// A step is what came of one.
type step struct {
	Verdict  grade.Verdict
	Number   int
	Title    string
	Points   string
	Reason   string
	Findings []finding
	More     int // findings that are not shown
}

// A finding is one failed check.
type finding struct {
	Want, Saw, Why, Try string
	Messages            []message // of the compiler, in place of Saw
	At                  *place
	Ask, Hint           string
	SameAs              int
	Follows             int
}

// A message is one of the compiler's.
type message struct {
	At   *place
	Text []string // lines
}

// A stream is what was printed.
type stream struct {
	Name  string
	Lines []string
	Cut   string // what is missing
}

// doesNotCompile is the cause for which the compiler's messages are shown in
// place of what the finding quotes of them.
const doesNotCompile = "does-not-compile"

// Sizes of a section.
const (
	maxSteps    = 40
	maxFindings = 40   // of all steps
	maxMessages = 20   // of the compiler
	maxField    = 800  // bytes of a text
	maxLines    = 400  // of a stream
	maxLine     = 1000 // bytes of a line of it
	maxStream   = 16 << 10
)

// section returns what is shown of a submission, the n-th of the page. Without
// all it is what is short.
func (p *Page) section(r *grade.Record, row row, n int, all bool) *section {
	s := &section{row: row, Took: fmt.Sprintf("%.1f s", float64(r.Entry.DurationMS)/1000), Lean: !all}
	s.places = newPlaces(n, r.Sources, all)
	if all && r.Run != nil {
		s.Streams = streams(r.Run)
		s.draw(r.Run)
	}
	counts, reason := grade.Counted(r.Entry.Steps), ""
	for i := range r.Entry.Steps {
		if i == maxSteps {
			break
		}
		step := s.step(&r.Entry, &r.Entry.Steps[i], counts[i])
		step.Reason, reason = told(step.Reason, reason)
		s.Steps = append(s.Steps, step)
	}
	s.Files = s.places.all
	return s
}

// told returns a reason, but not one that was told last, and the one told last.
func told(reason, last string) (tell, now string) {
	if reason == "" || reason == last {
		return "", last
	}
	return reason, reason
}

// draw makes the picture of what the kernel saw.
func (s *section) draw(run *evidence.Run) {
	err := picture.Sound(run)
	if err == nil {
		s.Picture, err = picture.New(run, scenario.Child(run), visible.Text)
	}
	if err != nil {
		s.Lost = see(err.Error(), maxField)
		return
	}
	pic := s.Picture
	if pic.First != nil {
		s.link(pic.First)
	}
	s.Shown = plural(pic.Processes, "process", "processes") + ", " + plural(pic.Last, "event", "events")
}

func (s *section) step(e *grade.Entry, r *grade.StepResult, counts bool) step {
	out := step{
		Verdict: known(r.Verdict), Number: r.Step, Title: see(r.Title, maxField), Reason: see(r.Reason, maxField),
		Points: fmt.Sprintf("%d/%d", r.Score, r.MaxScore),
	}
	if !counts {
		out.Points = fmt.Sprintf("–/%d", r.MaxScore)
	}
	for i := range r.Findings {
		if s.findings == maxFindings {
			out.More = len(r.Findings) - i
			break
		}
		s.findings++
		out.Findings = append(out.Findings, s.finding(e, r.Step, &r.Findings[i]))
	}
	return out
}

func (s *section) finding(e *grade.Entry, step int, f *scenario.Finding) finding {
	out := finding{
		Want: see(f.Want, maxField), Saw: see(f.Saw, maxField), Why: see(f.Why, maxField), Try: see(f.Try, maxField),
		Ask: see(f.Ask, maxField), Hint: see(f.Hint, maxField), SameAs: f.SameAs, Follows: f.Follows,
	}
	if f.Cause == doesNotCompile && len(e.Build.Errors) > 0 {
		out.Messages, out.Saw = s.messages(e.Build.Errors), ""
		return out
	}
	if f.SameAs > 0 {
		out.Why, out.Try, out.Ask, out.Hint = "", "", "", ""
		if out.At = s.places.mark(f.At, ""); out.At != nil {
			out.At.Code = ""
		}
		return out
	}
	note := out.Why
	if note == "" {
		note = out.Saw
	}
	out.At = s.places.mark(f.At, fmt.Sprintf("step %d: %s", step, note))
	return out
}

// messages returns the compiler's, each with its place.
func (s *section) messages(all []grade.Message) []message {
	var out []message
	for i, m := range all {
		if i == maxMessages {
			out = append(out, message{Text: []string{fmt.Sprintf("and %d more", len(all)-i)}})
			break
		}
		at := ""
		if m.File != "" {
			at = fmt.Sprintf("%s:%d", m.File, m.Line)
		}
		text := message{At: s.places.mark(at, visible.Cut(m.Text, maxField))}
		for i, l := range strings.Split(visible.Cut(strings.TrimSpace(m.Text), maxField), "\n") {
			if i == maxMessages {
				break
			}
			text.Text = append(text.Text, visible.Text(strings.TrimSpace(l)))
		}
		out = append(out, text)
	}
	return out
}

// link finds the lines that the calls of a frame come from.
func (s *section) link(f *picture.Frame) {
	for _, r := range f.Rows {
		switch {
		case r.Frame != nil:
			s.link(r.Frame)
		case r.Call != nil && r.Call.At != "":
			s.places.find(r.Call.At)
		}
	}
}

// streams returns what a run printed.
func streams(run *evidence.Run) []stream {
	var all []stream
	for _, s := range []struct {
		name string
		evidence.Stream
	}{{"standard output", run.Stdout}, {"standard error", run.Stderr}} {
		if s.Total > 0 || len(s.Data) > 0 {
			lines, cut := output(s.Stream)
			all = append(all, stream{s.name, lines, cut})
		}
	}
	return all
}

// output returns the lines of a stream, as far as they are shown, and what is
// missing.
func output(s evidence.Stream) (lines []string, cut string) {
	data := s.Data
	whole := s.Total <= int64(len(data))
	if len(data) > maxStream {
		data, whole = data[:maxStream], false
	}
	for l := range strings.SplitSeq(strings.TrimSuffix(string(data), "\n"), "\n") {
		if len(lines) == maxLines {
			whole = false
			break
		}
		whole = whole && len(l) <= maxLine
		lines = append(lines, see(l, maxLine))
	}
	if !whole {
		cut = fmt.Sprintf("cut here; there were %d bytes", max(s.Total, int64(len(s.Data))))
	}
	return lines, cut
}

// plural says how many: "1 process", "2 processes".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
