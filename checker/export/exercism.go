package export

import (
	"io"
	"strings"
	"unicode/utf8"

	"pidone/checker/grade"
)

// Exercism's results.json, version 3.
type (
	exercismResult struct {
		Version int            `json:"version"`
		Status  string         `json:"status"`
		Message *string        `json:"message"` // null but on error
		Tests   []exercismTest `json:"tests"`
	}
	exercismTest struct {
		Name     string  `json:"name"`
		Status   string  `json:"status"`
		Message  *string `json:"message"`
		Output   *string `json:"output"`
		TestCode string  `json:"test_code"`
		TaskID   int     `json:"task_id"`
	}
)

// Limits of the format, in characters.
const (
	maxExercismMessage = 65535
	maxExercismOutput  = 500
	exercismCut        = "\n[Output was truncated. Please limit to 500 chars]"
	exercismMessageCut = "\n[cut: there is more]"
)

// exercism writes the results. There is no skipped status: a step that waits
// for another has failed; and a program that does not compile is an error there.
func exercism(w io.Writer, class grade.Class, r *grade.Record) error {
	c := &r.Entry.Check
	result := exercismResult{Version: 3, Status: status(c.Verdict), Tests: []exercismTest{}}
	switch {
	case len(c.Build.Errors) > 0 && !c.Build.OK:
		result.Status = "error"
		result.Message = limited(strings.Join(compiler(c), "\n"), maxExercismMessage, exercismMessageCut)
	case result.Status == "error":
		result.Message = limited(reason(c)+"\n"+notTheirs, maxExercismMessage, exercismMessageCut)
	}
	shown := false // a learner sees the first failure alone: the output goes there
	counts := grade.Counted(c.Steps)
	for i := range c.Steps {
		s := &c.Steps[i]
		t := exercismTest{Name: title(class.Exercise, s), Status: stepStatus(s, counts[i]), TestCode: checks(class, s), TaskID: s.Step}
		if lines := explain(c, s); len(lines) > 0 {
			t.Message = limited(strings.Join(lines, "\n"), maxExercismMessage, exercismMessageCut)
		}
		last := i == len(c.Steps)-1
		if r.Run != nil && !shown && (t.Status != "pass" || last) {
			shown = true
			lines := append(output(r.Run.Stdout.Data, r.Run.Stdout.Total), output(r.Run.Stderr.Data, r.Run.Stderr.Total)...)
			if len(lines) > 0 {
				t.Output = limited(strings.Join(lines, "\n"), maxExercismOutput, exercismCut)
			}
		}
		result.Tests = append(result.Tests, t)
	}
	return writeJSON(w, result)
}

// checks are the lines of the scenario that failed, else how to run it.
func checks(class grade.Class, s *grade.StepResult) string {
	var lines []string
	for i := range s.Findings {
		if s.Findings[i].Check != "" {
			lines = append(lines, show(s.Findings[i].Check))
		}
	}
	if len(lines) == 0 {
		return "make check STEP=" + number(class.Exercise, s.Step)
	}
	return strings.Join(bounded(lines), "\n")
}

// limited cuts s to max characters, the last of which say so.
func limited(s string, max int, note string) *string {
	if utf8.RuneCountInString(s) > max {
		s = string([]rune(s)[:max-utf8.RuneCountInString(note)]) + note
	}
	return &s
}
