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

// tapDiagnostics writes the YAML block of a step.
func tapDiagnostics(b *bufio.Writer, c *grade.Check, s *grade.StepResult) {
	fmt.Fprintf(b, "  ---\n  verdict: %s\n  score: %d\n  max_score: %d\n", yamlText(string(s.Verdict)), s.Score, s.MaxScore)
	if lines := explain(c, s); len(lines) > 0 {
		fmt.Fprint(b, "  message:\n")
		for _, line := range lines {
			fmt.Fprintf(b, "    - %s\n", yamlText(line))
		}
	}
	fmt.Fprint(b, "  ...\n")
}

// tapText escapes what has a meaning in a description, on one line.
func tapText(s string) string {
	return strings.NewReplacer(`\`, `\\`, "#", `\#`).Replace(show(s))
}

// yamlText writes a visible text as a quoted scalar of YAML.
func yamlText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(show(s)) + `"`
}
