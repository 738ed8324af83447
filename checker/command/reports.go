package command

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"pidone/checker/batch"
	"pidone/checker/export"
	"pidone/checker/grade"
	"pidone/checker/scenario"
)

// reports makes all reports of a class from its records in dir, and says in
// short what came out. shown is how the user knows the folder.
func (a *app) reports(dir, shown string, m *batch.Manifest, formats []string) int {
	out := &outcome{class: m.Class, tally: grade.NewTally(m.Class)}
	if err := out.report(dir, m, formats); err != nil {
		return a.fail(err)
	}
	out.summary(a, shown)
	var verdicts []grade.Verdict
	for v := range out.tally.Verdicts {
		verdicts = append(verdicts, v)
	}
	return grade.ExitStatus(verdicts...)
}

// outcome is what many submissions came to.
type outcome struct {
	class   grade.Class
	tally   *grade.Tally
	points  int // of all whose maximum is not 0
	most    int
	errors  []string // the first submissions that came to an error, and why
	missing int      // submissions without a result
}

// shownErrors is how many errors the summary lists.
const shownErrors = 10

// report goes through the records, one at a time, in the order of their names.
func (o *outcome) report(dir string, m *batch.Manifest, formats []string) error {
	all, err := export.Open(dir, m.Class, formats)
	if err != nil {
		return err
	}
	for _, name := range m.Share() {
		var r *grade.Record
		if r, err = batch.ReadRecord(dir, name); err != nil {
			break
		}
		if r == nil {
			o.missing++
			continue
		}
		o.add(&r.Entry)
		if err = all.Add(r); err != nil {
			break
		}
	}
	return errors.Join(err, all.Close())
}

func (o *outcome) add(e *grade.Entry) {
	o.tally.Add(e)
	o.points += e.Score
	o.most += e.MaxScore
	if e.Verdict != grade.Error || len(o.errors) == shownErrors {
		return
	}
	o.errors = append(o.errors, e.Name+": "+whyError(&e.Check))
}

// summary says it on standard output.
func (o *outcome) summary(a *app, shown string) {
	t := o.tally
	var counts []string
	for _, v := range []grade.Verdict{grade.Pass, grade.Fail, grade.Skip, grade.Error} {
		if n := t.Verdicts[v]; n > 0 || v == grade.Pass || v == grade.Fail {
			counts = append(counts, fmt.Sprintf("%d %s", n, v))
		}
	}
	many := "submissions"
	if t.Submissions == 1 {
		many = "submission"
	}
	fmt.Fprintf(a.out, "%s: %d %s: %s", o.class.Exercise, t.Submissions, many, strings.Join(counts, ", "))
	if o.most > 0 {
		fmt.Fprintf(a.out, "; on average %.0f%%", 100*float64(o.points)/float64(o.most))
	}
	fmt.Fprintln(a.out)
	if causes := t.Causes(); len(causes) > 0 {
		fmt.Fprintln(a.out, "most fail at")
		about := map[string]string{}
		for _, c := range scenario.Causes() {
			about[c.ID] = c.About
		}
		for _, c := range causes[:min(len(causes), 5)] {
			what := about[c.Cause]
			if what == "" {
				what = c.Example.Saw
			}
			fmt.Fprintf(a.out, "%6d  step %d: %s\n", c.Count, c.Step, printable(what))
		}
	}
	if n := t.Verdicts[grade.Error]; n > 0 {
		fmt.Fprintln(a.out, "could not be told, costs nothing, wants your look")
		for _, e := range o.errors {
			line, _, _ := strings.Cut(e, "\n")
			line = printable(line)
			// Never at the start of a line: a CI log would take a name for a command.
			if term.IsTerminal(int(a.out.Fd())) {
				line = wrap(line, screenOf(a.out).width-8, strings.Repeat(" ", 8))
			}
			fmt.Fprintf(a.out, "      - %s\n", line)
		}
		if n > len(o.errors) {
			fmt.Fprintf(a.out, "      - and %d more: see summary.md\n", n-len(o.errors))
		}
	}
	if o.missing > 0 {
		fmt.Fprintf(a.out, "without a result, and not in the reports: %d; run it without --only to grade them\n", o.missing)
	}
	fmt.Fprintf(a.out, "reports: %s, summary.md, results.csv, ...\n", filepath.Join(shown, "report.html"))
}
