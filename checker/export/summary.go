package export

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"

	"pidone/checker/grade"
	"pidone/checker/visible"
)

// maxSummary is how long summary.md may be, in bytes: what GitHub takes for a
// step's summary.
const maxSummary = 1 << 20

// The room that is kept for what stands before the table of submissions, and
// how many causes stand there.
const (
	summaryHead = 64 << 10
	maxCauses   = 20
)

// summary is summary.md: the class at a glance. Text that a submission had a
// hand in stands in code spans alone, where nothing is a link, a mention, or
// markup of any kind.
type summary struct {
	w     io.Writer
	class grade.Class
	tally *grade.Tally
	rows  strings.Builder // of the table of submissions; bounded
	left  int             // submissions that did not fit into it
}

func newSummary(w io.Writer, class grade.Class) Report {
	return &summary{w: w, class: class, tally: grade.NewTally(class)}
}

func (s *summary) Add(r *grade.Record) error {
	c := &r.Entry.Check
	s.tally.Add(&r.Entry)
	score := "–"
	if c.MaxScore > 0 {
		score = fmt.Sprintf("%d/%d", c.Score, c.MaxScore)
	}
	cells := []string{code(nameOf(r)), verdictWord(c.Verdict), score}
	for _, step := range s.class.Steps {
		mark := "–"
		for i := range c.Steps {
			if c.Steps[i].Step == step.Number {
				mark = verdictMark(c.Steps[i].Verdict)
			}
		}
		cells = append(cells, mark)
	}
	why := ""
	if step, f := first(c); f != nil {
		why = "step " + strconv.Itoa(step.Step) + ": " + code(brief(f.Saw))
	} else if c.Verdict != grade.Pass {
		why = code(brief(reason(c)))
	}
	row := tableRow(append(cells, why)...)
	if s.left > 0 || s.rows.Len()+len(row) > maxSummary-2*summaryHead {
		s.left++
		return nil
	}
	s.rows.WriteString(row)
	return nil
}

func (s *summary) Close() error {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", strings.TrimSpace(words(s.class.Exercise)+" "+words(s.class.Title)))
	t := s.tally
	fmt.Fprintf(&b, "%s: %d pass, %d fail, %d skip, %d error.\n", plural(t.Submissions, "submission", "submissions"),
		t.Verdicts[grade.Pass], t.Verdicts[grade.Fail], t.Verdicts[grade.Skip], t.Verdicts[grade.Error])
	if n := t.Verdicts[grade.Error]; n > 0 {
		fmt.Fprintf(&b, "\n**%s could not be graded.** That is not the learners' fault and costs them nothing: look at them yourself.\n",
			plural(n, "submission", "submissions"))
	}
	s.scores(&b)
	b.WriteString("\n## Steps\n\n" + tableRow("step", "points", "pass", "fail", "skip", "error") + tableRow("---", "---:", "---:", "---:", "---:", "---:"))
	for _, step := range t.Steps {
		v := step.Verdicts
		b.WriteString(tableRow(strconv.Itoa(step.Number)+" "+words(step.Title), strconv.Itoa(step.Points),
			strconv.Itoa(v[grade.Pass]), strconv.Itoa(v[grade.Fail]), strconv.Itoa(v[grade.Skip]), strconv.Itoa(v[grade.Error])))
	}
	if causes := t.Causes(); len(causes) > 0 {
		b.WriteString("\n## What most fail at\n\n" + tableRow("submissions", "step", "cause", "for instance", "what to try") + tableRow("---:", "---:", "---", "---", "---"))
		for i, c := range causes {
			if i == maxCauses {
				fmt.Fprintf(&b, "\n%s not shown.\n", plural(len(causes)-i, "further cause is", "further causes are"))
				break
			}
			b.WriteString(tableRow(strconv.Itoa(c.Count), strconv.Itoa(c.Step), code(c.Cause),
				code(brief(c.Name))+": "+code(brief(c.Example.Saw)), code(brief(c.Example.Try))))
		}
	}
	if t.Submissions > 0 {
		b.WriteString("\n## Submissions\n\n")
		head, rule := []string{"name", "verdict", "score"}, []string{"---", "---", "---:"}
		for _, step := range s.class.Steps {
			head, rule = append(head, strconv.Itoa(step.Number)), append(rule, ":---:")
		}
		b.WriteString(tableRow(append(head, "first")...) + tableRow(append(rule, "---")...))
		b.WriteString(s.rows.String())
	}
	if s.left > 0 {
		fmt.Fprintf(&b, "\n%s not shown: results.csv has all.\n", plural(s.left, "further submission is", "further submissions are"))
	}
	_, err := io.WriteString(s.w, b.String())
	return err
}

// scores writes how the scores are spread, in tens of percent.
func (s *summary) scores(b *strings.Builder) {
	var bins [11]int // the last one: all points
	most := 0
	for percent, n := range s.tally.Scores {
		i := min(max(percent/10, 0), 10)
		bins[i] += n
		most = max(most, bins[i])
	}
	if most == 0 {
		return
	}
	b.WriteString("\n## Scores\n\n```text\n")
	for i, n := range bins {
		label := fmt.Sprintf("%3d-%d%%", i*10, i*10+9)
		if i == 10 {
			label = "   100%"
		}
		bar := strings.Repeat("#", (n*40+most-1)/most)
		fmt.Fprintf(b, "%7s %5d %s\n", label, n, bar)
	}
	b.WriteString("```\n")
}

func tableRow(cells ...string) string { return "| " + strings.Join(cells, " | ") + " |\n" }

func verdictWord(v grade.Verdict) string {
	switch v {
	case grade.Pass, grade.Fail, grade.Skip, grade.Error:
		return string(v)
	}
	return code(string(v))
}

func verdictMark(v grade.Verdict) string {
	switch v {
	case grade.Pass:
		return "✓"
	case grade.Fail:
		return "✗"
	case grade.Skip:
		return "–"
	}
	return "!"
}

// brief cuts a text for a cell of a table.
func brief(s string) string { return visible.Cut(s, 200) }

// code returns a code span of any text, also in a table's cell. A code span has
// no escapes of its own: what would end it, or the cell, is written as Go does.
func code(s string) string {
	s = strings.TrimSpace(visible.Text(visible.Cut(s, maxName)))
	if s == "" {
		return ""
	}
	return "`" + strings.NewReplacer("`", `\x60`, "|", `\x7c`).Replace(s) + "`"
}

// words returns a title as it is if nothing in it can be markup, else as code.
func words(s string) string {
	s = visible.Text(visible.Cut(s, maxName))
	for _, r := range s {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" ,-", r) {
			return code(s)
		}
	}
	return strings.TrimSpace(s)
}
