package command

import (
	"strings"
	"unicode/utf8"
)

// wrap breaks text at blanks so that no line is longer than width characters,
// unless a single word is. Every line but the first begins with indent, which
// is not counted.
func wrap(text string, width int, indent string) string {
	var b strings.Builder
	used := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case used+1+n > width:
			b.WriteString("\n" + indent)
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += n
	}
	return b.String()
}

// wrapMarkdown wraps the paragraphs of a text, and leaves code and lists as
// they are.
func wrapMarkdown(text string, width int) string {
	var out, paragraph []string
	flush := func() {
		if len(paragraph) > 0 {
			out = append(out, wrap(strings.Join(paragraph, " "), width, ""))
			paragraph = nil
		}
	}
	code := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		fence := strings.HasPrefix(strings.TrimSpace(line), "```")
		switch {
		case fence || code || line == "" || strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "- "):
			flush()
			out = append(out, line)
			code = code != fence
		default:
			paragraph = append(paragraph, line)
		}
	}
	flush()
	return strings.Join(out, "\n")
}
