package webpage

import (
	"strings"

	"pidone/checker/picture"
	"pidone/checker/visible"
)

// A frame is one of a picture's, with what it shows of the rest of its section.
type frame struct {
	*picture.Frame
	section *section
}

// Frame returns a frame of the section's picture.
func (s *section) Frame(f *picture.Frame) frame { return frame{f, s} }

// Inside returns a frame that is in this one.
func (f frame) Inside(other *picture.Frame) frame { return frame{other, f.section} }

// Link returns the id of the line that a call comes from; "" if it is not shown.
func (f frame) Link(at string) string {
	if l, id := f.section.places.line(split(at)); l != nil {
		return id
	}
	return ""
}

// A pid is how a process is known somewhere.
type pid struct {
	PID   int
	Where string
}

// PIDs returns how the frame's process is known, from the inside outwards.
func (f frame) PIDs() []pid {
	all := f.Process.PIDs
	if len(all) == 1 {
		return []pid{{all[0], "for itself as on the host"}}
	}
	var pids []pid
	for i := len(all) - 1; i >= 0; i-- {
		where := "further out"
		switch i {
		case 0:
			where = "on the host"
		case len(all) - 1:
			where = "for itself"
		}
		pids = append(pids, pid{all[i], where})
	}
	return pids
}

// What is shown of what was written at once.
const (
	maxWritten     = 4   // lines
	maxWrittenLine = 240 // bytes
)

// Wrote returns what a call wrote, a few lines of it.
func (f frame) Wrote(c *picture.Call) string {
	var b strings.Builder
	cut := c.Cut
	for i, l := range c.Written {
		if i == maxWritten {
			cut = true
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		cut = cut || len(l) > maxWrittenLine
		b.WriteString(visible.Cut(l, maxWrittenLine))
	}
	if cut {
		b.WriteString("\n(cut)")
	}
	return b.String()
}
