package report

import (
	"fmt"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/pattern"
)

// kernelSaw tells what a pass rests on.
func (w *writer) kernelSaw() {
	run, child := w.x.Run, w.x.Child
	if run == nil || child == nil || len(child.PIDs) == 0 {
		return
	}
	w.line()
	w.line(w.paint(bold, "what the kernel saw"))
	w.fact("the child", fmt.Sprintf("pid %d as it sees itself, pid %d on the host", child.PIDSelf(), child.PIDs[0]))
	for _, kind := range []string{"pid", "uts"} {
		is, host := namespaceOf(child, kind), run.Host.Namespaces[kind]
		if is == 0 || host == 0 {
			continue
		}
		text := fmt.Sprintf("%d, the host's", is)
		if is != host {
			text = fmt.Sprintf("%d, new; the host's is %d", is, host)
		}
		w.fact(strings.ToUpper(kind)+" namespace", text)
	}
	w.hostnames(run, child)
	w.exits(run, child)
}

func (w *writer) hostnames(run *evidence.Run, child *evidence.Process) {
	name := child.Last.Hostname
	if name == "" {
		name = child.Born.Hostname
	}
	if name == "" {
		return
	}
	text := name
	switch {
	case namespaceOf(child, "uts") == run.Host.Namespaces["uts"]:
		text += ", the host's"
	case run.Host.After == run.Host.Hostname:
		text += "; the host's stayed " + run.Host.Hostname
	default:
		text += "; the host's became " + run.Host.After
	}
	w.fact("hostname", text)
}

func (w *writer) exits(run *evidence.Run, child *evidence.Process) {
	first := run.First()
	if child.Exit == nil || first.Exit == nil || child.ID == first.ID {
		return
	}
	then := "then"
	if first.Exit.Seq < child.Exit.Seq {
		then = "after"
	}
	w.fact("the end", fmt.Sprintf("the child %s, %s the first process %s", endOf(child.Exit), then, endOf(first.Exit)))
}

// endOf says how a process ended: "exited 0".
func endOf(e *evidence.Exit) string {
	if e.Signal != "" {
		return "was killed by " + e.Signal
	}
	return "exited " + itoa(e.Code)
}

// namespaceOf is where a process lived, at the end where that is known.
func namespaceOf(p *evidence.Process, kind string) uint64 {
	if n := p.Last.Namespaces[kind]; n != 0 {
		return n
	}
	return p.Born.Namespaces[kind]
}

// factLabel is the width of the names of facts.
const factLabel = 15

func (w *writer) fact(name, text string) {
	hang := indent + factLabel
	for i, l := range wrap(w.see(text), w.width-hang) {
		left := pad(hang)
		if i == 0 {
			left = pad(indent) + w.paint(cyan, name) + pad(factLabel-len(name))
		}
		w.line(left, l)
	}
}

// Lines of output that are shown of a submission that passes, and of one that
// does not.
const (
	outputPass = 8
	outputFail = 16
)

// printed shows what the submission wrote.
func (w *writer) printed(v grade.Verdict) {
	if w.x.Run == nil {
		return
	}
	limit := outputFail
	if v == grade.Pass {
		limit = outputPass
	}
	w.stream("what it printed", w.x.Run.Stdout, limit)
	w.stream("what it printed on standard error", w.x.Run.Stderr, limit)
}

func (w *writer) stream(title string, s evidence.Stream, limit int) {
	if s.Total == 0 && len(s.Data) == 0 {
		return
	}
	w.line()
	w.line(w.paint(bold, title))
	text := w.sources(strings.TrimSuffix(string(s.Data), "\n"))
	room := w.width - indent - 2
	rows := 0
	for l := range strings.SplitSeq(text, "\n") {
		// A letter and its accents have at most 16 bytes a column.
		l = l[:min(len(l), 16*limit*room)]
		for _, part := range chop(w.see(l), room) {
			if rows == limit {
				w.cut(s)
				return
			}
			rows++
			w.line(pad(indent), w.paint(faint, w.glyph.bar), strings.TrimRight(" "+part, " "))
		}
	}
	if s.Total > int64(len(s.Data)) {
		w.cut(s)
	}
}

// sourceFile is a Go file where package build has it compiled: a panic shows
// that path.
var sourceFile = pattern.Lazy(`(?m)(^|[ \t(])/src/([\w.-]+(?:/[\w.-]+)*\.go:)`)

// sources puts the submission's folder for the one in which it was compiled.
func (w *writer) sources(text string) string {
	if w.x.Folder == "" {
		return text
	}
	folder := strings.ReplaceAll(strings.TrimSuffix(w.x.Folder, "/"), "$", "$$")
	return sourceFile().ReplaceAllString(text, "${1}"+folder+"/${2}")
}

// cut notes that not all of a stream is shown.
func (w *writer) cut(s evidence.Stream) {
	note := fmt.Sprintf("(cut here; there were %d bytes)", max(s.Total, int64(len(s.Data))))
	w.line(pad(indent), w.paint(faint, note))
}

// end writes the score, and what to do next.
func (w *writer) end(c *grade.Check) {
	w.line()
	score := fmt.Sprintf("score: %d/%d", c.Score, c.MaxScore)
	took := fmt.Sprintf("%.1f s", float64(c.DurationMS)/1000)
	_, color := w.mark(c.Verdict)
	word := map[grade.Verdict]string{
		grade.Pass: ", passed", grade.Skip: ", this machine could not run all of it",
		grade.Error: ", the checker could not tell",
	}[c.Verdict]
	if width(score)+width(word)+2+width(took) > w.width {
		w.line(w.paint(color, score))
		for _, l := range wrap(strings.TrimPrefix(word, ", "), w.width) {
			w.line(l)
		}
	} else {
		w.sides(w.paint(color, score)+word, width(score)+width(word), w.paint(faint, took), width(took))
	}
	b := block{lead: "next: ", leadInk: bold, hang: 6}
	for _, b.text = range w.next(c) {
		for _, r := range w.lay(b, w.width) {
			w.line(r.text)
		}
		b.lead = "or "
	}
}

// next is the one thing to do now, or the two to choose from.
func (w *writer) next(c *grade.Check) []string {
	number := exerciseNumber(c)
	switch c.Verdict {
	case grade.Pass:
		if w.x.Next != "" {
			return []string{w.see(w.x.Next)}
		}
		return []string{"make trace STEP=" + number + " draws what happened"}
	case grade.Error, grade.Skip:
		for i := range c.Steps {
			if try := c.Steps[i].Try; try != "" {
				return []string{w.see(try)}
			}
		}
		return []string{"make doctor tells what this machine can run"}
	}
	if !c.Build.OK && len(c.Build.Errors) > 0 {
		if place := w.place(fileLine(c.Build.Errors[0])); place != "" {
			return []string{"open " + place}
		}
		return []string{"mend the source, then check again"}
	}
	for i := range c.Steps {
		s := &c.Steps[i]
		if s.Verdict != grade.Fail {
			continue
		}
		hint := "make hint STEP=" + stepName(c, s)
		if len(s.Findings) > 0 && s.Findings[0].Ask != "" {
			hint = w.see(s.Findings[0].Ask)
		}
		for _, f := range s.Findings {
			if f.At != "" {
				return []string{"open " + w.place(f.At), hint}
			}
		}
		return []string{hint}
	}
	return []string{"make check STEP=" + number}
}
