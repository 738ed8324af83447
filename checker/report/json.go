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
	data, err := MarshalJSON(Whole(*c), "")
	if err != nil {
		return err
	}
	_, err = out.Write(append(data, '\n'))
	return err
}

// Whole returns a check whose lists are empty where those of c are nil: so that
// no list of its JSON is null.
func Whole(c grade.Check) grade.Check {
	c.Steps = append([]grade.StepResult{}, c.Steps...)
	for i := range c.Steps {
		if c.Steps[i].Findings == nil {
			c.Steps[i].Findings = []scenario.Finding{}
		}
	}
	c.Build.Errors = append([]grade.Message{}, c.Build.Errors...)
	return c
}

// MarshalJSON returns v as JSON, indented, every line but the first behind
// prefix, without a newline at its end. What could play tricks on a terminal is
// written as \u escapes, as are <, > and &.
func MarshalJSON(v any, prefix string) ([]byte, error) {
	data, err := json.MarshalIndent(v, prefix, "  ")
	if err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	return []byte(escapeJSON(string(data))), nil
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
