package export

import (
	"fmt"
	"strconv"
	"strings"

	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// Sizes of text that a submission had a hand in, in bytes before escaping.
const (
	maxName  = 300      // of a submission
	maxField = 2000     // of one field of a finding, or one line
	maxLines = 100      // lines of the compiler, or of output
	maxText  = 32 << 10 // of all that is said about a step, after escaping
)

// show makes text that a submission had a hand in visible, on one line, not
// longer than it needs to be.
func show(s string) string { return visible.Text(visible.Cut(s, maxField)) }

// nameOf returns the name of a submission to be shown.
func nameOf(r *grade.Record) string {
	name := r.Entry.Name
	if name == "" {
		name = r.Entry.Submission
	}
	return visible.Text(visible.Cut(name, maxName))
}

// number is what selects a step: "03.2".
func number(exercise string, step int) string {
	head, _, _ := strings.Cut(exercise, "-")
	if _, err := strconv.Atoi(head); err != nil || len(head) > 4 {
		head = "?"
	}
	return head + "." + strconv.Itoa(step)
}

// title names a step: "03.2 Add namespace isolation".
func title(exercise string, s *grade.StepResult) string {
	return strings.TrimSpace(number(exercise, s.Step) + " " + show(s.Title))
}

// first returns the first finding of a check and its step; nil if there is none.
func first(c *grade.Check) (*grade.StepResult, *scenario.Finding) {
	for i := range c.Steps {
		if len(c.Steps[i].Findings) > 0 {
			return &c.Steps[i], &c.Steps[i].Findings[0]
		}
	}
	return nil, nil
}

// reason says in one line why a check came to no verdict, or is skipped: of the
// step with the check's verdict.
func reason(c *grade.Check) string {
	for i := range c.Steps {
		if s := &c.Steps[i]; s.Verdict == c.Verdict && s.Reason != "" {
			return show(s.Reason)
		}
	}
	if len(c.Steps) == 0 {
		return "nothing was run"
	}
	return ""
}

// notTheirs is what is said of an error.
const notTheirs = "this is not the program's fault, and costs no points"

// explain says what a step came to, in visible lines.
func explain(c *grade.Check, s *grade.StepResult) []string {
	var lines []string
	add := func(label, text string) {
		if text != "" {
			lines = append(lines, fmt.Sprintf("%-5s %s", label, show(text)))
		}
	}
	if s.Reason != "" {
		lines = append(lines, show(s.Reason))
	}
	if s.Verdict == grade.Error {
		lines = append(lines, notTheirs)
	}
	for i := range s.Findings {
		f := &s.Findings[i]
		if i > 0 {
			lines = append(lines, "")
		}
		add("want", f.Want)
		if f.Cause == doesNotCompile && len(c.Build.Errors) > 0 {
			lines = append(lines, compiler(c)...)
		} else {
			add("saw", f.Saw)
			add("at", f.At)
		}
		if f.SameAs > 0 {
			add("why", "for the same reason as step "+strconv.Itoa(f.SameAs))
			continue
		}
		add("why", f.Why)
		add("try", f.Try)
		add("hint", f.Ask)
		add("page", f.Hint)
		if f.Follows > 0 {
			add("also", plural(f.Follows, "more check fails", "more checks fail")+" because of this")
		}
	}
	return bounded(lines)
}

// doesNotCompile is the cause for which the compiler's lines are shown in place
// of what the finding quotes of them.
const doesNotCompile = "does-not-compile"

// compiler returns the compiler's messages in visible lines.
func compiler(c *grade.Check) []string {
	var lines []string
	for _, m := range c.Build.Errors {
		place := ""
		if m.File != "" {
			place = m.File + ":"
			for _, n := range []int{m.Line, m.Col} {
				if n <= 0 {
					break
				}
				place += strconv.Itoa(n) + ":"
			}
			place += " "
		}
		for part := range strings.SplitSeq(strings.TrimRight(m.Text, "\n"), "\n") {
			if len(lines) == maxLines {
				return append(lines, "... [cut: there is more]")
			}
			lines = append(lines, show(place+part))
			place = "  "
		}
	}
	return lines
}

// output returns what a program wrote in visible lines; whole is false if there
// was more of it.
func output(data []byte, total int64) []string {
	text := strings.TrimRight(string(data), "\n")
	if text == "" && total <= int64(len(data)) {
		return nil
	}
	var lines []string
	cut := total > int64(len(data))
	for line := range strings.SplitSeq(text, "\n") {
		if len(lines) == maxLines {
			cut = true
			break
		}
		lines = append(lines, show(strings.TrimSuffix(line, "\r")))
	}
	lines = bounded(lines)
	if cut {
		lines = append(lines, fmt.Sprintf("... [cut: %d bytes in all]", max(total, int64(len(data)))))
	}
	return lines
}

// bounded drops the lines at the end that are too much.
func bounded(lines []string) []string {
	size := 0
	for i, line := range lines {
		if size += len(line) + 1; size > maxText {
			return append(lines[:i:i], "... [cut: there is more]")
		}
	}
	return lines
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
