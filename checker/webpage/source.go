package webpage

import (
	"fmt"
	"strconv"
	"strings"

	"pidone/checker/grade"
)

// A place is a line of a submission's source.
type place struct {
	Text string // "main.go:31"
	Link string // the id of that line on the page; empty if it is not shown
	Code string // the line itself, if a finding names it
}

// A file is a source file as it is shown.
type file struct {
	Path  string
	Lines []line
	Cut   string // what is missing
}

// A line of a file.
type line struct {
	Text  string
	ID    string   // if something points to it
	Hit   bool     // a finding names it
	Notes []string // what the findings say of it
}

// Sizes of what is shown of sources.
const (
	maxFiles       = 40
	maxSourceLines = 3000 // of all files
	maxSource      = 96 << 10
	maxSourceLine  = 400 // bytes
	maxNotes       = 4
	maxNote        = 160 // bytes
)

// places are the lines of a submission's sources, and what points to them.
type places struct {
	prefix string // of ids
	all    []file
	texts  map[string]string // of the files, by their path as it is
	index  map[string]int    // in all
}

// newPlaces returns the sources of the n-th submission of the page; nothing of
// them is shown if show is false.
func newPlaces(n int, sources []grade.Source, show bool) places {
	p := places{prefix: strconv.Itoa(n), texts: map[string]string{}, index: map[string]int{}}
	lines, size := maxSourceLines, maxSource
	for i, s := range sources {
		p.texts[s.Path] = s.Text
		if !show || i >= maxFiles {
			continue
		}
		f := file{Path: see(s.Path, maxName)}
		whole := true
		for text := range strings.SplitSeq(strings.TrimSuffix(s.Text, "\n"), "\n") {
			if lines == 0 || size <= 0 {
				whole = false
				break
			}
			text = see(strings.TrimSuffix(text, "\r"), maxSourceLine)
			lines, size = lines-1, size-len(text)
			f.Lines = append(f.Lines, line{Text: text})
		}
		if !whole || s.Cut {
			f.Cut = "cut here; the file is longer"
		}
		p.index[s.Path] = len(p.all)
		p.all = append(p.all, f)
	}
	return p
}

// split takes "main.go:31" apart.
func split(at string) (path string, number int) {
	i := strings.LastIndexByte(at, ':')
	if i < 0 {
		return at, 0
	}
	number, err := strconv.Atoi(at[i+1:])
	if err != nil {
		return at, 0
	}
	return at[:i], number
}

// find returns the place that at names; nil if it names none.
func (p *places) find(at string) *place {
	path, number := split(at)
	if path == "" {
		return nil
	}
	out := &place{Text: see(at, maxName)}
	if number == 0 {
		out.Text = see(path, maxName)
	}
	if l, id := p.line(path, number); l != nil {
		l.ID, out.Link = id, id
	}
	return out
}

// mark is find, and marks the line as one that a finding names.
func (p *places) mark(at, note string) *place {
	out := p.find(at)
	if out == nil {
		return nil
	}
	path, number := split(at)
	out.Code = see(strings.TrimSpace(nth(p.texts[path], number)), maxSourceLine)
	if l, _ := p.line(path, number); l != nil {
		l.Hit = true
		if note != "" && len(l.Notes) < maxNotes {
			l.Notes = append(l.Notes, see(note, maxNote))
		}
	}
	return out
}

// line returns a line that is shown, and the id for it.
func (p *places) line(path string, number int) (*line, string) {
	i, known := p.index[path]
	if !known || number < 1 || number > len(p.all[i].Lines) {
		return nil, ""
	}
	return &p.all[i].Lines[number-1], fmt.Sprintf("%s-%d-%d", p.prefix, i+1, number)
}

// nth returns a line of a text, from 1; "" if it is not there.
func nth(text string, number int) string {
	if number < 1 {
		return ""
	}
	for l := range strings.SplitSeq(text, "\n") {
		if number--; number == 0 {
			return l
		}
	}
	return ""
}
