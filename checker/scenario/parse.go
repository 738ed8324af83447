package scenario

import (
	"errors"
	"fmt"
	"os"
	"strings"
)

// maxScript is how large a scenario may be, in bytes.
const maxScript = 64 << 10

// A line is one command of a scenario.
type line struct {
	number int      // from 1
	text   string   // as written, without comment and surrounding space
	neg    bool     // it began with "!"
	words  []string // the command and its arguments
}

// parseScript splits a scenario into its commands, as testscript would, and
// refuses what scenarios do not use: conditions, variables and files.
func parseScript(data []byte) ([]line, error) {
	if len(data) > maxScript {
		return nil, fmt.Errorf("more than %d bytes", maxScript)
	}
	var lines []line
	for i, text := range strings.Split(string(data), "\n") {
		if isFileMarker(text) {
			return nil, fmt.Errorf("line %d: a scenario has no files", i+1)
		}
		words, end, err := splitWords(text)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
		if len(words) == 0 {
			continue
		}
		l := line{number: i + 1, text: strings.TrimSpace(text[:end]), words: words}
		if words[0] == "!" {
			l.neg, l.words = true, words[1:]
		}
		if len(l.words) == 0 {
			return nil, fmt.Errorf("line %d: ! on a line by itself", i+1)
		}
		if strings.HasPrefix(l.words[0], "[") {
			return nil, fmt.Errorf("line %d: a scenario has no conditions", i+1)
		}
		lines = append(lines, l)
	}
	return lines, nil
}

// splitWords splits one line at spaces by testscript's rules: single quotes
// keep text together, a doubled quote within them is one quote, # outside of
// them begins a comment. It also returns where the words end in the line.
func splitWords(text string) (words []string, end int, err error) {
	var word strings.Builder
	inWord, quoted := false, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted && c == '\'' && i+1 < len(text) && text[i+1] == '\'':
			word.WriteByte(c)
			i++
		case c == '\'':
			quoted, inWord = !quoted, true
		case quoted:
			word.WriteByte(c)
		case c == '$':
			return nil, 0, errors.New("a scenario has no variables: put $ in single quotes")
		case c == ' ' || c == '\t' || c == '\r' || c == '#':
			if inWord {
				words, end = append(words, word.String()), i
				word.Reset()
				inWord = false
			}
			if c == '#' {
				return words, end, nil
			}
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quoted {
		return nil, 0, errors.New("unterminated quoted argument")
	}
	if inWord {
		words, end = append(words, word.String()), len(text)
	}
	return words, end, nil
}

// isFileMarker tells whether a line of a txtar archive begins a file.
func isFileMarker(text string) bool {
	name, ok := strings.CutPrefix(strings.TrimSuffix(text, "\r"), "-- ")
	if !ok {
		return false
	}
	name, ok = strings.CutSuffix(name, " --")
	return ok && strings.TrimSpace(name) != ""
}

// readScript reads and parses the scenario at path.
func readScript(path string) ([]line, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read scenario: %w", err)
	}
	lines, err := parseScript(data)
	if err != nil {
		return nil, fmt.Errorf("read scenario %s: %w", path, err)
	}
	return lines, nil
}
