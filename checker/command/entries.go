package command

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"strings"

	"pidone/checker/batch"
	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/grade"
	"pidone/checker/intake"
	"pidone/checker/scenario"
)

// class is a folder of submissions.
type class struct {
	names   []string // sorted
	entries map[string]intake.Entry
	dir     string
	wanted  intake.Wanted
}

// class finds the submissions in the folder of the request, and says on the way
// what an instructor might not expect.
func (a *app) class(req *gradeRequest) (*class, error) {
	l, err := intake.List(req.dir, req.roster)
	if err != nil {
		return nil, err
	}
	c := &class{dir: req.dir, entries: map[string]intake.Entry{}, wanted: wanted(req.course, req.exercise)}
	for _, e := range l.Entries {
		if e.Path == req.store {
			continue // our own reports
		}
		c.names = append(c.names, e.Name)
		c.entries[e.Name] = e
	}
	if len(c.names) == 0 {
		return nil, fmt.Errorf("grade %s: no submission is in it", req.dir)
	}
	note := func(format string, args ...any) { a.tell("note: "+format, args...) }
	if l.Layout != "" {
		note("it looks like an export of %s: names are taken from it", l.Layout)
	}
	if len(l.Ignored) > 0 {
		note("left out, as no submission: %s", some(l.Ignored))
	}
	if len(l.Unknown) > 0 {
		note("not in the roster, and graded all the same: %s", some(l.Unknown))
	}
	return c, nil
}

func wanted(c *course.Course, e *course.Exercise) intake.Wanted {
	w := intake.Wanted{Exercise: e.ID}
	for _, other := range c.Exercises {
		if other != e {
			w.Others = append(w.Others, other.ID)
		}
	}
	return w
}

// some lists the first of many names.
func some(names []string) string {
	const most = 5
	text := printable(strings.Join(names[:min(len(names), most)], ", "))
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// opened is one submission of a class: either what was read, or why nothing was.
type opened struct {
	entry   intake.Entry
	folder  string // the entry in the class's folder, and the program's in the entry
	sub     *intake.Submission
	problem *intake.Problem
}

func (c *class) open(ctx context.Context, name string) (*opened, error) {
	o := &opened{entry: c.entries[name]}
	var err error
	if o.sub, o.problem, err = intake.Open(ctx, o.entry, c.wanted); err != nil {
		return nil, err
	}
	if o.entry.Path != "" {
		rel, err := filepath.Rel(c.dir, o.entry.Path)
		if err != nil {
			rel = filepath.Base(o.entry.Path)
		}
		o.folder = filepath.ToSlash(rel)
	}
	if o.sub != nil {
		o.folder = path.Join(o.folder, o.sub.Folder)
	}
	return o, nil
}

// hash covers all of the submission that its result depends on.
func (o *opened) hash() string {
	if o.sub == nil {
		return hashOf([]any{o.folder, o.problem})
	}
	return hashOf([]string{o.folder, o.sub.Hash})
}

// request is what there is to compile.
func (o *opened) request() build.Request {
	return build.Request{Dir: o.entry.Name, Tree: o.sub.Tree, Package: o.sub.Package}
}

// file reads a file of the program's folder.
func (o *opened) file(base string) (name string, text []byte, ok bool) {
	name = path.Join(o.sub.Package, base)
	text, err := o.sub.Tree.Read(name, maxSource)
	return name, text, err == nil
}

// Limits of the sources that a record keeps, in bytes.
const (
	maxSource  = 256 << 10
	maxSources = 1 << 20
)

// sources are the Go files that were compiled, for reports.
func sources(files []build.File) []grade.Source {
	all, room := []grade.Source{}, maxSources
	for _, f := range files {
		if path.Ext(f.Path) != ".go" {
			continue
		}
		most := min(maxSource, room)
		s := grade.Source{Path: f.Path, Text: string(f.Data), Cut: len(f.Data) > most}
		if s.Cut {
			s.Text = s.Text[:most]
		}
		room -= len(s.Text)
		all = append(all, s)
	}
	return all
}

// findingOf says what a learner can do about a problem that is theirs.
func (j *judging) findingOf(p *intake.Problem) scenario.Finding {
	return scenario.NotTaken(j.script(j.exercise.Steps[0]), string(p.Kind), p.Saw, p.Try)
}

// entry opens a submission for batch.Run.
func (g *grader) entry(c *class) batch.Opener {
	return func(ctx context.Context, name string) (batch.Submission, error) {
		o, err := c.open(ctx, name)
		if err != nil {
			return nil, err
		}
		return &handedIn{g: g, name: name, in: o, hash: o.hash()}, nil
	}
}
