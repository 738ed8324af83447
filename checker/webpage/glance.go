package webpage

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// A head is what stands before the sections.
type head struct {
	CSP    string
	CSS    template.CSS
	Title  string
	ID     string // of the exercise
	Graded string // when
	Points int

	Submissions int
	Verdicts    []share // of all submissions
	Average     string
	Median      string
	Scored      int // submissions that have a score
	Scores      []column
	Steps       []stepBar
	Causes      []causeBar
	MoreCauses  int
	Rows        []row
}

// A share is a part of a bar: how many of all.
type share struct {
	Verdict grade.Verdict
	Word    string
	Count   int
	X, W    string // where it begins and how wide it is: "12.5%"
}

// A column is a bar of the histogram. Lengths are in pixels, but for X, W and Mid.
type column struct {
	From, To  string // "20" and "–29"
	Count     int
	X, W, Mid string // "12.5%"
	Y, H      int
}

// A stepBar shows what a step's verdicts are.
type stepBar struct {
	Number int
	Title  string
	Passed int
	Failed int
	Shares []share
}

// A causeBar shows how many submissions fail at a step for one cause.
type causeBar struct {
	Step  int
	Find  string // the tag of those submissions; empty if the cause is not one of package scenario's
	About string
	Count int
	W     string
}

// A row is a submission's line of the table.
type row struct {
	key     string       // its name as it is
	Anchor  string       // the id of its section
	Link    template.URL // to it; as an ordinary text the template would encode it once more
	Name    string
	Verdict grade.Verdict
	Word    string
	Score   int
	Max     int
	Percent string // of Max; empty if that is 0
	Marks   []grade.Verdict
	Is      string // tags, of the causes of its steps, as grade.Tally counts them
	Cause   string // the first; or why there is no verdict
	About   string
	ID      bool // Cause is one of package scenario's
}

// Sizes of what is at a glance.
const (
	maxName      = 120 // bytes of a submission's name
	maxReason    = 120 // bytes of why there is no verdict, in the table
	maxCauseBars = 10
	columnHeight = 132 // pixels of the highest bar
	columnTop    = 22  // pixels above it, for its number
)

func (p *Page) head() head {
	h := head{
		CSP: policy(), CSS: template.CSS(pageCSS),
		Title: visible.Text(p.class.Title), ID: visible.Text(p.class.Exercise), Points: p.class.MaxScore(),
		Submissions: p.tally.Submissions, Verdicts: shares(p.tally.Verdicts, p.tally.Submissions), Rows: p.rows,
	}
	if h.Title == "" {
		h.Title = h.ID
	}
	if !p.first.IsZero() {
		h.Graded = p.first.UTC().Format("2 January 2006, 15:04")
		switch last := p.latest.UTC(); {
		case last.Format("2006-01-02") != p.first.UTC().Format("2006-01-02"):
			h.Graded += " to " + last.Format("2 January 2006, 15:04")
		case last.Format("15:04") != p.first.UTC().Format("15:04"):
			h.Graded += "–" + last.Format("15:04")
		}
	}
	h.Average, h.Median, h.Scored = p.middle()
	h.Scores = columns(p.tally.Scores)
	for _, s := range p.tally.Steps {
		of := 0
		for _, n := range s.Verdicts {
			of += n
		}
		h.Steps = append(h.Steps, stepBar{s.Number, visible.Text(s.Title), s.Verdicts[grade.Pass], s.Verdicts[grade.Fail], shares(s.Verdicts, of)})
	}
	all := p.tally.Causes()
	for i, c := range all {
		if i == maxCauseBars {
			h.MoreCauses = len(all) - i
			break
		}
		h.Causes = append(h.Causes, causeBar{c.Step, p.tag(c.Cause, c.Step), p.about(c.Cause), c.Count, percent(c.Count, all[0].Count)})
	}
	return h
}

// tag is how the table knows those who failed at a step for a cause.
func (p *Page) tag(cause string, step int) string {
	if p.causes[cause] == "" {
		return ""
	}
	return fmt.Sprintf("%s@%d", cause, step)
}

// about says a cause in words.
func (p *Page) about(cause string) string {
	if about := p.causes[cause]; about != "" {
		return about
	}
	return see(cause, maxName)
}

// causes maps the causes to what they say.
func causes() map[string]string {
	m := map[string]string{}
	for _, c := range scenario.Causes() {
		m[c.ID] = c.About
	}
	return m
}

// row returns a submission's line of the table.
func (p *Page) row(e *grade.Entry) row {
	anchor := "s-" + grade.FileName(e.Name)
	r := row{
		key: e.Name, Anchor: anchor, Link: template.URL("#" + anchor), Name: see(e.Name, maxName),
		Verdict: known(e.Verdict), Word: word(e.Verdict), Score: e.Score, Max: e.MaxScore,
	}
	if e.MaxScore > 0 {
		r.Percent = percent(e.Score, e.MaxScore)
	}
	marks := map[int]grade.Verdict{}
	var tags []string
	for _, s := range e.Steps {
		marks[s.Step] = known(s.Verdict)
		if len(s.Findings) > 0 && s.Findings[0].SameAs == 0 && p.causes[s.Findings[0].Cause] != "" {
			tags = append(tags, p.tag(s.Findings[0].Cause, s.Step))
		}
	}
	r.Is = strings.Join(tags, " ")
	for _, s := range p.class.Steps {
		r.Marks = append(r.Marks, marks[s.Number])
	}
	r.Cause, r.About, r.ID = p.cause(e)
	return r
}

// cause says why a submission did not pass: its first cause, or the reason.
func (p *Page) cause(e *grade.Entry) (cause, about string, known bool) {
	if e.Verdict == grade.Fail {
		for _, s := range e.Steps {
			if len(s.Findings) == 0 {
				continue
			}
			f := s.Findings[0]
			if about := p.causes[f.Cause]; about != "" {
				return f.Cause, about, true
			}
			return see(f.Saw, maxReason), "", false
		}
	}
	for _, s := range e.Steps {
		if s.Verdict == e.Verdict && s.Reason != "" {
			return see(s.Reason, maxReason), "", false
		}
	}
	return "", "", false
}

// word says a verdict.
func word(v grade.Verdict) string {
	switch v {
	case grade.Pass:
		return "passed"
	case grade.Fail:
		return "failed"
	case grade.Skip:
		return "not run"
	case grade.Error:
		return "no verdict"
	}
	return see(string(v), maxName)
}

// known returns v, or "" where that is no verdict: it becomes a class of the style.
func known(v grade.Verdict) grade.Verdict {
	switch v {
	case grade.Pass, grade.Fail, grade.Skip, grade.Error:
		return v
	}
	return ""
}

// shares divides a bar among verdicts.
func shares(verdicts map[grade.Verdict]int, of int) []share {
	var all []share
	before := 0
	for _, v := range []grade.Verdict{grade.Pass, grade.Fail, grade.Skip, grade.Error} {
		if n := verdicts[v]; n > 0 {
			all = append(all, share{v, word(v), n, percent(before, of), percent(n, of)})
			before += n
		}
	}
	return all
}

// middle returns the average and the median of the scores, in percent of what
// could be reached, and of how many submissions they are.
func (p *Page) middle() (average, median string, n int) {
	var all []float64
	sum := 0.0
	for _, r := range p.rows {
		if r.Max > 0 {
			all = append(all, 100*float64(r.Score)/float64(r.Max))
			sum += all[len(all)-1]
		}
	}
	if n = len(all); n == 0 {
		return "", "", 0
	}
	slices.Sort(all)
	return number(sum / float64(n)), number((all[(n-1)/2] + all[n/2]) / 2), n
}

// number writes a number with one decimal, if that is not 0.
func number(x float64) string {
	return strings.TrimSuffix(strconv.FormatFloat(x, 'f', 1, 64), ".0")
}

// columns makes the histogram: ten percent to a bar, and one for all.
func columns(scores map[int]int) []column {
	const bars = 11
	var counts [bars]int
	for score, n := range scores {
		counts[min(max(score/10, 0), bars-1)] += n
	}
	most := max(slices.Max(counts[:]), 1)
	var all []column
	for i, n := range counts {
		h := int(math.Ceil(float64(columnHeight*n) / float64(most)))
		c := column{From: strconv.Itoa(10 * i), Count: n, Y: columnTop + columnHeight - h, H: h}
		if i < bars-1 {
			c.To = fmt.Sprintf("–%d", 10*i+9)
		}
		c.X, c.W, c.Mid = thousandths(1000*i/bars+6), thousandths(1000/bars-12), thousandths((1000*i+500)/bars)
		all = append(all, c)
	}
	return all
}

// percent says a part in percent, as SVG takes it.
func percent(n, of int) string {
	if of <= 0 {
		return "0%"
	}
	return thousandths(min(max(1000*n/of, 0), 1000))
}

func thousandths(n int) string { return fmt.Sprintf("%d.%d%%", n/10, n%10) }

// see makes a text visible, cut to max bytes.
func see(s string, max int) string { return visible.Text(visible.Cut(s, max)) }
