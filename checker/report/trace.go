package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"

	"pidone/checker/evidence"
	"pidone/checker/picture"
)

// Trace draws a run for people, as package picture has it. child is what the
// scenarios take for the child; it may be nil. It returns an error for a
// recording that no recorder makes.
func Trace(out io.Writer, run *evidence.Run, child *evidence.Process, o Options) error {
	d := drawing{style: newStyle(o), width: o.width()}
	p, err := picture.New(run, child, d.see)
	if err != nil {
		return err
	}
	d.digits = len(strconv.Itoa(max(p.Last, 1)))
	b := bufio.NewWriter(out)
	for _, r := range d.all(p) {
		b.WriteString(strings.TrimRight(r.text, " "))
		b.WriteByte('\n')
	}
	return b.Flush()
}

// minBox is the number of columns for which a frame is worth its place.
const minBox = 36

type drawing struct {
	style
	width  int
	digits int // of the largest number before a call
}

// all draws everything.
func (d *drawing) all(p *picture.Picture) []row {
	if p.First == nil {
		return append([]row{d.row(plain, "nothing ran")}, d.ending(p)...)
	}
	inner := d.width - 4
	rows := d.lay(block{text: "the sandbox stands in for your machine here", ink: faint}, inner)
	for _, space := range p.Host {
		text := strconv.FormatUint(space.Inode, 10)
		if space.Kind == "uts" {
			text += ": hostname " + p.Hostname
		}
		rows = append(rows, d.space(space, text, inner)...)
	}
	rows = append(rows, row{})
	rows = append(rows, d.frame(p.First, inner)...)
	out := d.box("the host", plain, rows, d.width)
	out = append(out, d.ending(p)...)
	return append(out, d.legend(p)...)
}

// frame draws a process in a box of its own, if it has namespaces of its own and
// there is room.
func (d *drawing) frame(f *picture.Frame, max int) []row {
	if len(f.Spaces) == 0 {
		return d.content(f, max)
	}
	inner, framed := max-4, max >= minBox
	if !framed {
		inner = max
	}
	var rows []row
	for _, s := range f.Spaces {
		rows = append(rows, d.space(s, fmt.Sprintf("%d: %s", s.Inode, s.About), inner)...)
	}
	rows = append(rows, row{})
	rows = append(rows, d.content(f, inner)...)
	title := f.Title
	if width(title) > max-6 {
		title = itoa(len(f.Spaces)) + " other namespaces"
	}
	if framed {
		return d.box(title, cyan, rows, max)
	}
	head := d.lay(block{text: title, ink: bold}, max)
	return append(head, rows...)
}

// space tells of a namespace. Where there is not the room to align the text, it
// stands behind the name.
func (d *drawing) space(s picture.Space, text string, max int) []row {
	b := block{lead: s.Name + " namespace", hang: 20, text: text, ink: faint, leadInk: faint}
	if max < 52 {
		b.text, b.lead, b.hang = b.lead+" "+b.text, "", 0
	}
	return d.lay(b, max)
}

// content draws what is in a frame.
func (d *drawing) content(f *picture.Frame, max int) []row {
	out := d.heading(&f.Process, max)
	for _, r := range f.Rows {
		switch {
		case r.Call != nil:
			out = append(out, d.call(r.Call, max)...)
		case r.Frame != nil:
			out = append(out, indented(d.frame(r.Frame, max-2), 2)...)
		case r.Note.Count:
			out = append(out, d.lay(block{hang: d.digits + 3, text: d.glyph.dots + " " + r.Note.Text, ink: inkOf(r.Note.Tone)}, max)...)
		default:
			out = append(out, d.lay(block{hang: d.digits + 2, text: r.Note.Text, ink: inkOf(r.Note.Tone)}, max)...)
		}
	}
	return out
}

// heading says who a process is.
func (d *drawing) heading(p *picture.Process, max int) []row {
	text := p.Name + ", from here on"
	if !p.Continues {
		text = p.Name + ": " + p.Program
	}
	rows := d.lay(block{lead: d.glyph.into, hang: 2, text: text, ink: bold}, max)
	if who := pids(p.PIDs); who != "" {
		rows = append(rows, d.lay(block{hang: 2, text: who}, max)...)
	}
	if p.Hostname != "" {
		text := "hostname " + p.Hostname
		if p.Renamed != "" {
			text += ", at the end " + p.Renamed
		}
		rows = append(rows, d.lay(block{hang: 2, text: text}, max)...)
	}
	return rows
}

// pids tells a process's pid from inside and from outside.
func pids(pids []int) string {
	n := len(pids)
	switch {
	case n == 0:
		return ""
	case n == 1:
		return fmt.Sprintf("pid %d, for itself as on the host", pids[0])
	}
	text := fmt.Sprintf("pid %d for itself, ", pids[n-1])
	if n > 2 {
		text += "further out "
	}
	for i := n - 2; i > 0; i-- {
		text += fmt.Sprintf("%d, ", pids[i])
	}
	return text + fmt.Sprintf("%d on the host", pids[0])
}

// call draws a call, or the end of a process.
func (d *drawing) call(c *picture.Call, max int) []row {
	lead := fmt.Sprintf("%*d  ", d.digits, c.Number)
	b := block{lead: lead + c.Name, hang: width(lead), text: c.Asked, ink: inkOf(c.Tone), right: c.At, rightInk: faint}
	if c.Name != "" && max >= 60 {
		b.hang += 13
	}
	if c.Name != "" && width(b.lead) >= b.hang {
		b.text = c.Name + " " + b.text
		b.lead = lead
	}
	if c.Answer != "" {
		b.text += " " + d.glyph.arrow + " " + c.Answer
	}
	rows := append(d.lay(b, max), d.written(c, b.hang, max)...)
	for _, n := range c.Sees {
		rows = append(rows, d.lay(block{lead: pad(b.hang) + d.glyph.dash, hang: b.hang + 2, text: n.Text, ink: inkOf(n.Tone), leadInk: faint}, max)...)
	}
	return rows
}

// maxWritten is how many rows are drawn of what was written at once.
const maxWritten = 4

// written draws what was written, line by line.
func (d *drawing) written(c *picture.Call, hang, max int) []row {
	var rows []row
	cut := c.Cut
	for _, l := range c.Written {
		for _, part := range chop(l, max-hang-2) {
			if len(rows) == maxWritten {
				cut = true
				break
			}
			rows = append(rows, row{pad(hang) + d.paint(faint, d.glyph.bar) + " " + d.paint(green, part), hang + 2 + width(part)})
		}
	}
	if cut {
		rows = append(rows, row{pad(hang) + d.paint(faint, "(cut)"), hang + 5})
	}
	return rows
}

// ending says how the run as a whole went.
func (d *drawing) ending(p *picture.Picture) []row {
	var rows []row
	for _, n := range p.Ending {
		rows = append(rows, d.lay(block{text: n.Text, ink: inkOf(n.Tone)}, d.width)...)
	}
	return rows
}

func (d *drawing) legend(p *picture.Picture) []row {
	if p.Last == 0 {
		return nil
	}
	text := "How to read it: what stands in a box lives in namespaces of its own, which the box names; " +
		"everything else it shares with what is around the box. Numbers on the left give the order of the calls, " +
		d.glyph.arrow + " the kernel's answer, and on the right stands the line of the program that asked."
	return append([]row{{}}, d.lay(block{text: text, ink: faint}, d.width)...)
}

// inkOf returns how a tone is written.
func inkOf(t picture.Tone) ink {
	switch t {
	case picture.Faint:
		return faint
	case picture.Warn:
		return yellow
	case picture.Bad:
		return red
	}
	return plain
}
