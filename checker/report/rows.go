package report

import "strings"

// A row is one line of text with its colours, and how wide it is without them.
type row struct {
	text  string
	width int
}

func (s style) row(i ink, text string) row { return row{s.paint(i, text), width(text)} }

// indented puts blanks before rows.
func indented(rows []row, n int) []row {
	for i := range rows {
		rows[i] = row{pad(n) + rows[i].text, rows[i].width + n}
	}
	return rows
}

// A block is a text with something before it and something at its right end.
type block struct {
	lead     string // stands before the first line
	leadInk  ink
	hang     int // columns before the text, at least the lead's
	text     string
	ink      ink
	right    string // stands at the end of the last line that has room, or on one more
	rightInk ink
}

// lay breaks a block into rows of at most max columns. All its texts are
// visible ones.
func (s style) lay(b block, max int) []row {
	room := max - b.hang
	lines := wrap(b.text, room)
	right := b.right
	if width(right) > room {
		lines, right = append(lines, wrap(right, room)...), ""
	}
	if last := lines[len(lines)-1]; right != "" && width(last)+2+width(right) > room {
		lines = append(lines, "")
	}
	var rows []row
	for i, l := range lines {
		r := row{pad(b.hang), b.hang}
		if i == 0 {
			r = s.row(b.leadInk, b.lead)
			r.text += pad(b.hang - r.width)
			r.width = b.hang
		}
		r = row{r.text + s.paint(b.ink, l), r.width + width(l)}
		if i == len(lines)-1 && right != "" {
			gap := max - r.width - width(right)
			r = row{r.text + pad(gap) + s.paint(b.rightInk, right), max}
		}
		rows = append(rows, r)
	}
	return rows
}

// box frames rows that are at most max-4 columns wide, with a title in the
// upper edge.
func (s style) box(title string, i ink, rows []row, max int) []row {
	g := s.glyph
	title = s.short(title, max-6)
	top := g.topLeft + g.flat + " "
	rest := max - 5 - width(title)
	head := s.paint(i, top) + s.paint(bold, title) + s.paint(i, " "+strings.Repeat(g.flat, rest)+g.topRight)
	out := []row{{head, max}}
	for _, r := range rows {
		text := s.paint(i, g.upright) + " " + r.text + pad(max-4-r.width) + " " + s.paint(i, g.upright)
		out = append(out, row{text, max})
	}
	return append(out, s.row(i, g.botLeft+strings.Repeat(g.flat, max-2)+g.botRight))
}
