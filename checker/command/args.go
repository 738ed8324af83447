package command

import (
	"fmt"
	"os"
	"strings"
	"unicode"

	"github.com/kballard/go-shellquote"
)

// argsVariable is how make hands over ARGS: as it was typed, in one piece,
// because make and a shell in between would each expand the dollars in it.
const argsVariable = "PIDONE_ARGS"

// arguments returns what the submission is started with in place of the
// scenario's own arguments, or nil. They stand behind "--" or in the environment.
func arguments(rest []string, dashes bool) ([]string, error) {
	if dashes {
		return append([]string{}, rest...), nil
	}
	text := os.Getenv(argsVariable)
	if text == "" {
		return nil, nil
	}
	words, err := shellquote.Split(text)
	if err != nil {
		return nil, fmt.Errorf("read ARGS %q: %w", text, err)
	}
	return words, nil
}

// printable shows text of a submission harmlessly on one line.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
