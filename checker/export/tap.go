package export

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"pidone/checker/grade"
)

// tap writes TAP version 14: a test point for each step. What waits, or cannot
// be run here, is skipped; an error is not ok, and its diagnostics say whose
// fault it is.
func tap(w io.Writer, class grade.Class, r *grade.Record) error {
	c := &r.Entry.Check
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "TAP version 14\n# %s: %s\n", tapText(class.Exercise), tapText(nameOf(r)))
	if len(c.Steps) == 0 {
		fmt.Fprintf(b, "Bail out! %s\n", tapText(reason(c)))
		return b.Flush()
	}
	fmt.Fprintf(b, "1..%d\n", len(c.Steps))
	for i := range c.Steps {
		s := &c.Steps[i]
		ok, skip := "not ok", ""
		switch s.Verdict {
		case grade.Pass:
			ok = "ok"
		case grade.Skip:
			ok, skip = "ok", " # SKIP "+tapText(show(s.Reason))
		}
		fmt.Fprintf(b, "%s %d - %s%s\n", ok, i+1, tapText(title(class.Exercise, s)), skip)
		if s.Verdict != grade.Pass && s.Verdict != grade.Skip {
			tapDiagnostics(b, c, s)
		}
	}
	return b.Flush()
}

// tapDiagnostics writes the YAML block of a step. Every text is one scalar in
// single quotes, in a mapping: what readers of TAP know of YAML.
func tapDiagnostics(b *bufio.Writer, c *grade.Check, s *grade.StepResult) {
	fmt.Fprintf(b, "  ---\n  verdict: %s\n  score: %d\n  max_score: %d\n", verdictOf(s), s.Score, s.MaxScore)
	if s.Reason != "" {
		fmt.Fprintf(b, "  reason: %s\n", yamlText(s.Reason))
	}
	if len(s.Findings) > 0 {
		fmt.Fprintln(b, "  findings:")
	}
	for i := range s.Findings {
		f := &s.Findings[i]
		lead := "    - "
		for _, field := range []struct{ name, text string }{
			{"check", f.Check}, {"want", f.Want}, {"saw", f.Saw}, {"at", f.At}, {"why", f.Why}, {"try", f.Try},
			{"hint", f.Ask}, {"page", f.Hint}, {"cause", f.Cause},
		} {
			if field.text != "" || field.name == "saw" {
				fmt.Fprintf(b, "%s%s: %s\n", lead, field.name, yamlText(field.text))
				lead = "      "
			}
		}
	}
	if s.Verdict == grade.Fail && !c.Build.OK && len(c.Build.Errors) > 0 {
		fmt.Fprintln(b, "  compiler:")
		for _, line := range compiler(c) {
			fmt.Fprintf(b, "    - line: %s\n", yamlText(line))
		}
	}
	fmt.Fprintln(b, "  ...")
}

// tapText escapes what has a meaning in a description, on one line.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(show(s))
}

// yamlText writes a text as a scalar of YAML in single quotes.
func yamlText(s string) string { return "'" + strings.ReplaceAll(show(s), "'", "''") + "'" }

// verdictOf returns fail, or error for all that is no verdict.
func verdictOf(s *grade.StepResult) grade.Verdict {
	if s.Verdict == grade.Fail {
		return grade.Fail
	}
	return grade.Error
}
