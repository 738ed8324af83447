package report

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// JSON writes a check as one JSON object, indented, with a newline at its end.
// Lists are never null. What could play tricks on a terminal is written as \u
// escapes, so that the file can also be looked at.
func JSON(out io.Writer, c *grade.Check) error {
	full := *c
	full.Steps = append([]grade.StepResult{}, c.Steps...)
	for i := range full.Steps {
		if full.Steps[i].Findings == nil {
			full.Steps[i].Findings = []scenario.Finding{}
		}
	}
	full.Build.Errors = append([]grade.Message{}, c.Build.Errors...)
	data, err := json.MarshalIndent(&full, "", "  ")
	if err != nil {
		return fmt.Errorf("write json: %w", err)
	}
	_, err = io.WriteString(out, escapeJSON(string(data))+"\n")
	return err
}

// escapeJSON escapes characters that can stand in JSON only within strings.
func escapeJSON(s string) string {
	if !strings.ContainsFunc(s, tricky) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case !tricky(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

func tricky(r rune) bool {
	return r != '\n' && r != utf8.RuneError && !visible.Shows(r)
}
