package export

import (
	"encoding/csv"
	"io"
	"strconv"
	"strings"
	"unicode"

	"pidone/checker/grade"
	"pidone/checker/visible"
)

// table is results.csv (RFC 4180): a row for each submission.
type table struct {
	w     *csv.Writer
	class grade.Class
}

// maxCell is how long a cell's text is, in bytes before escaping. A spreadsheet
// takes 32,767 characters.
const maxCell = 1000

func newTable(w io.Writer, class grade.Class) Report {
	t := &table{w: csv.NewWriter(w), class: class}
	t.w.UseCRLF = true
	head := []string{"name", "verdict", "score", "max_score"}
	for _, s := range class.Steps {
		step := "step_" + strconv.Itoa(s.Number)
		head = append(head, step+"_verdict", step+"_score")
	}
	// What cannot be written now cannot be later: Close tells.
	_ = t.w.Write(append(head, "step", "cause", "saw", "try", "reason", "at", "duration_ms", "submission"))
	return t
}

func (t *table) Add(r *grade.Record) error {
	c := &r.Entry.Check
	score, maxScore := strconv.Itoa(c.Score), strconv.Itoa(c.MaxScore)
	if c.MaxScore == 0 { // nothing could be judged: that is no zero
		score, maxScore = "", ""
	}
	counts := grade.Counted(c.Steps)
	row := []string{cell(r.Entry.Name), cell(string(c.Verdict)), score, maxScore}
	for _, s := range t.class.Steps {
		verdict, points := "", ""
		for i := range c.Steps {
			if got := &c.Steps[i]; got.Step == s.Number {
				verdict = cell(string(got.Verdict))
				if counts[i] {
					points = strconv.Itoa(got.Score)
				}
			}
		}
		row = append(row, verdict, points)
	}
	step, cause, saw, try, at, why := "", "", "", "", "", ""
	if s, f := first(c); f != nil {
		step = strconv.Itoa(s.Step)
		cause, saw, try, at = f.Cause, f.Saw, f.Try, f.At
	}
	if c.Verdict == grade.Error || c.Verdict == grade.Skip {
		why = reason(c)
	}
	row = append(row, step, cell(cause), cell(saw), cell(try), cell(why), cell(at), strconv.FormatInt(c.DurationMS, 10), cell(c.Submission))
	return t.w.Write(row)
}

func (t *table) Close() error {
	t.w.Flush()
	return t.w.Error()
}

// cell makes any text safe in a spreadsheet: on one line, without a control
// character, not taken for a formula. Nor does a formula begin behind a
// semicolon, where a spreadsheet of many a country begins a cell, whatever the
// quotes of this file say.
func cell(s string) string {
	s = visible.Text(visible.Cut(s, maxCell))
	var b strings.Builder
	start := true
	for _, r := range s {
		if start && startsFormula(r) {
			b.WriteByte('\'')
		}
		// Quotes too: what drops them, or takes them for its own, must find no formula behind.
		start = r == ';' || start && (unicode.IsSpace(r) || r == '"' || r == '\'')
		b.WriteRune(r)
	}
	return b.String()
}

// startsFormula tells whether a cell that begins with the character may be
// taken for a formula: ASCII, full-width, small, and signs that spreadsheets
// turn into a minus.
func startsFormula(r rune) bool {
	switch r {
	case '=', '+', '-', '@', '\t', '\r', '\n', '|', '%',
		'\uff1d', '\uff0b', '\uff0d', '\uff20', // full width
		'\ufe66', '\ufe62', '\ufe63', '\ufe6b', // small
		'\u2212', '\u2010', '\u2011', '\u2012', '\u2013', '\u2014':
		return true
	}
	return false
}
