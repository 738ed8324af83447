// Package webpage writes report.html: a class of graded submissions on one
// page, to be opened in a browser.
//
// The page is one file that asks nobody for anything: no script, style, font or
// picture from elsewhere, and a Content-Security-Policy under which only the
// page's own script and style are in force. What a submission wrote, named or
// was called is on it as text and nothing else: every character is a visible
// one (package visible), escaped for where it lands (html/template).
//
// It promises bounds. Each submission's section has a largest size, whatever
// the submission did; and once the page has reached one of its own, further
// sections go without sources, output and picture, and say so. Memory holds a
// line for each submission and the counts of the class, no more: sections are
// kept in a temporary file that has no name.
//
// The same records give the same bytes.
package webpage

import (
	"bufio"
	"errors"
	"fmt"
	"html/template"
	"io"
	"os"
	"time"

	"pidone/checker/grade"
)

// maxPage is how large the sections may become together before they go without
// what is long, in bytes: what a browser still opens with ease.
const maxPage = 64 << 20

// A Page is a report. It is complete when Close returned nil.
type Page struct {
	out       io.Writer
	class     grade.Class
	templates *template.Template
	causes    map[string]string // what they say
	limit     int64             // maxPage

	file     *os.File // the sections
	sections *counter

	tally         *grade.Tally
	rows          []row
	first, latest time.Time // when grading started, of the first submission and the last
	err           error     // that ended it
}

// New returns a page of a class, which will be written to w. Close must be
// called.
func New(w io.Writer, class grade.Class) (*Page, error) {
	templates, err := parse()
	if err != nil {
		return nil, fmt.Errorf("make page: %w", err)
	}
	file, err := os.CreateTemp("", "pidone-page-")
	if err != nil {
		return nil, fmt.Errorf("make page: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, fmt.Errorf("make page: %w", err)
	}
	return &Page{
		out: w, class: class, templates: templates, causes: causes(), limit: maxPage,
		file: file, sections: &counter{to: bufio.NewWriterSize(file, 1<<16)},
		tally: grade.NewTally(class),
	}, nil
}

// Add adds a submission. They come in the order of their names, each once.
// After an error the page is lost; Close still has to be called.
func (p *Page) Add(r *grade.Record) error {
	if p.err == nil {
		p.err = p.add(r)
	}
	return p.err
}

func (p *Page) add(r *grade.Record) error {
	if n := len(p.rows); n > 0 && p.rows[n-1].key >= r.Entry.Name {
		return fmt.Errorf("make page: submission %q comes after %q, which is not the order of names", r.Entry.Name, p.rows[n-1].key)
	}
	p.tally.Add(&r.Entry)
	if !r.Started.IsZero() {
		if p.first.IsZero() || r.Started.Before(p.first) {
			p.first = r.Started
		}
		if r.Started.After(p.latest) {
			p.latest = r.Started
		}
	}
	row := p.row(&r.Entry)
	p.rows = append(p.rows, row)
	s := p.section(r, row, len(p.rows), p.sections.n < p.limit)
	if err := p.templates.ExecuteTemplate(p.sections, "section", s); err != nil {
		return fmt.Errorf("make page: submission %q: %w", r.Entry.Name, err)
	}
	return nil
}

// Close writes the page, unless Add has failed, and gives back what the page
// holds. It does not close the writer.
func (p *Page) Close() error {
	defer p.file.Close()
	if p.err != nil {
		return p.err
	}
	p.err = errors.New("make page: it was closed")
	return p.write()
}

func (p *Page) write() error {
	out := bufio.NewWriterSize(p.out, 1<<16)
	if err := p.templates.ExecuteTemplate(out, "head", p.head()); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := p.sections.to.Flush(); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if _, err := io.Copy(out, p.file); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := p.templates.ExecuteTemplate(out, "foot", template.JS(pageJS)); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write page: %w", err)
	}
	return nil
}

// A counter counts what is written through it.
type counter struct {
	to *bufio.Writer
	n  int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.to.Write(b)
	c.n += int64(n)
	return n, err
}
