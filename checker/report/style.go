package report

import (
	"strings"

	"pidone/checker/visible"
)

// A style writes for one kind of terminal.
type style struct {
	color bool
	ascii bool
	glyph glyphs
}

// glyphs are the signs that are not ASCII.
type glyphs struct {
	pass, fail, skip, broken          string
	arrow, dots, dash, bar, dot, into string
	topLeft, topRight, botLeft        string
	botRight, flat, upright           string
}

func newStyle(o Options) style {
	s := style{color: o.Color, ascii: o.ASCII, glyph: glyphs{
		pass: "✓", fail: "✗", skip: "–", broken: "!",
		arrow: "→", dots: "…", dash: "–", bar: "│", dot: "·", into: "●",
		topLeft: "┌", topRight: "┐", botLeft: "└", botRight: "┘", flat: "─", upright: "│",
	}}
	if o.ASCII {
		s.glyph = glyphs{
			pass: "+", fail: "x", skip: "-", broken: "!",
			arrow: "->", dots: "...", dash: "-", bar: "|", dot: "-", into: "*",
			topLeft: "+", topRight: "+", botLeft: "+", botRight: "+", flat: "-", upright: "|",
		}
	}
	return s
}

// An ink is a way to write on a terminal that has colours.
type ink string

const (
	plain  ink = ""
	bold   ink = "1"
	faint  ink = "2"
	red    ink = "31"
	green  ink = "32"
	yellow ink = "33"
	cyan   ink = "36"
)

// paint writes s in that ink. It is for whole words, after they were measured.
func (s style) paint(i ink, text string) string {
	if !s.color || i == plain || text == "" {
		return text
	}
	return "\x1b[" + string(i) + "m" + text + "\x1b[0m"
}

// see makes text of others visible.
func (s style) see(text string) string {
	if s.ascii {
		return visible.ASCII(text)
	}
	return visible.Text(text)
}

// wrap breaks a visible text into lines of at most max columns, between words
// where it can. It returns at least one line.
func wrap(text string, max int) []string {
	return wrapFirst(text, max, max)
}

// wrapFirst is wrap with another width for the first line.
func wrapFirst(text string, first, max int) []string {
	var lines []string
	line, room := "", first
	for _, word := range strings.Fields(text) {
		switch w := width(word); {
		case line != "" && width(line)+1+w <= room:
			line += " " + word
			continue
		case line != "":
			lines, line, room = append(lines, line), "", max
		case w > room && room < max && w <= max:
			lines, room = append(lines, ""), max
		}
		for width(word) > room {
			var head string
			head, word = breakWord(word, room)
			lines, room = append(lines, head), max
		}
		line = word
	}
	return append(lines, line)
}

// breakWord takes as much from the front of a word as fits, but something. A
// path it breaks behind a slash, if that is not too far back.
func breakWord(word string, max int) (head, rest string) {
	head, rest = cutAt(word, max)
	if i := strings.LastIndexByte(head, '/') + 1; rest != "" && 2*width(head[:i]) >= max {
		return word[:i], word[i:]
	}
	return head, rest
}

// cutAt takes as many characters from the front as fit, but one at least.
func cutAt(text string, max int) (head, rest string) {
	n := 0
	for i, r := range text {
		if n += runeWidth(r); n > max && i > 0 {
			return text[:i], text[i:]
		}
	}
	return text, ""
}

// chop breaks a visible text into lines of at most max columns, wherever that
// is: for text whose blanks mean something.
func chop(text string, max int) []string {
	var lines []string
	for width(text) > max {
		var head string
		head, text = cutAt(text, max)
		lines = append(lines, head)
	}
	return append(lines, text)
}

// short cuts a visible text to at most max columns.
func (s style) short(text string, max int) string {
	if width(text) <= max {
		return text
	}
	room := max - width(s.glyph.dots)
	if room <= 0 {
		head, _ := cutAt(text, max)
		if width(head) > max {
			return ""
		}
		return head
	}
	head, _ := cutAt(text, room)
	if width(head) > room {
		head = ""
	}
	return head + s.glyph.dots
}

// plural returns "1 check" or "2 checks".
func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return itoa(n) + " " + many
}

func pad(n int) string { return strings.Repeat(" ", max(n, 0)) }
