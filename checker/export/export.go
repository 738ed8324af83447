// Package export writes what many submissions came to, or one, in the formats
// that other programs read: JSON, CSV, JUnit, Markdown, those of Gradescope, of
// GitHub Classroom and Actions, of Exercism, and TAP.
//
// Every report is a function of the class and of the records alone: the same
// bytes, whoever graded the submissions, in which order, and when. The only
// times in it are those of the records. Memory does not grow with their number.
//
// What a submission wrote, named or was called is escaped for where it lands:
// no cell of a table starts a formula, no text becomes markup, a link or a
// command of a CI log, and no control character, escape code, invisible
// character or mark that turns the direction of writing comes out as it is.
//
// An error of the checker never becomes a zero. Where a platform takes the score
// from the report, that of a submission whose verdict is error is left out, or
// the page of the platform (docs/) says how its workflow keeps it from being sent.
package export

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pidone/checker/grade"
	"pidone/checker/webpage"
)

// A Report takes the records of a class in the order of their names. It is
// complete when Close returned nil; Close is called once, also after an error.
type Report interface {
	Add(*grade.Record) error
	Close() error
}

// A format is the report of one submission by itself.
type format struct {
	name  string // of the format, and of its folder in OUT
	file  func(name string) string
	extra bool // made only when asked for
	write func(w io.Writer, class grade.Class, r *grade.Record) error
}

func formats() []format {
	json := func(name string) string { return name + ".json" }
	return []format{
		{"gradescope", func(name string) string { return filepath.Join(name, "results.json") }, false, gradescope},
		{"classroom", json, false, classroom},
		{"exercism", json, true, exercism},
		{"tap", func(name string) string { return name + ".tap" }, true, tap},
		{"github", func(name string) string { return name + ".txt" }, true, github},
	}
}

// Extra returns the names of the formats that Open makes only when asked to.
func Extra() []string {
	var names []string
	for _, f := range formats() {
		if f.extra {
			names = append(names, f.name)
		}
	}
	return names
}

// Single returns the names of the formats that One knows.
func Single() []string {
	names := []string{"junit"}
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

// One writes the report of one submission in a format of Single.
func One(w io.Writer, name string, class grade.Class, r *grade.Record) error {
	if name == "junit" {
		return junitOf(w, class, r)
	}
	for _, f := range formats() {
		if f.name == name {
			return f.write(w, class, r)
		}
	}
	return fmt.Errorf("no format %q; there are %s", name, strings.Join(Single(), ", "))
}

// set is all reports of a class in one folder.
type set struct {
	class   grade.Class
	files   []*file   // of reports about the whole class
	reports []Report  // what writes them
	folders []*folder // of reports about one submission each
	more    []Report
	last    string // the name of the last record
	started bool
	err     error // the first
}

// Open makes all reports of a class in the folder dir (OUT): results.json,
// results.csv, junit.xml, summary.md, report.html (package webpage), and the
// folders gradescope and classroom with a file for each submission. extra are
// further formats, of Extra. more are reports made elsewhere, which get the same
// records.
//
// Each is written beside its place and put there by Close, which replaces what
// an earlier call made there, folders with all that is in them. After an error
// nothing of it is replaced.
func Open(dir string, class grade.Class, extra []string, more ...Report) (Report, error) {
	s := &set{class: class, more: more}
	for _, name := range extra {
		if !slices.Contains(Extra(), name) {
			return nil, fmt.Errorf("no further format %q; there are %s", name, strings.Join(Extra(), ", "))
		}
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make reports: %w", err)
	}
	for _, r := range []struct {
		name string
		make func(w io.Writer, class grade.Class) (Report, error)
	}{
		{"results.json", sure(newResults)},
		{"results.csv", sure(newTable)},
		{"junit.xml", sure(func(w io.Writer, class grade.Class) Report { return newJUnit(w, class, dir) })},
		{"summary.md", sure(newSummary)},
		{"report.html", func(w io.Writer, class grade.Class) (Report, error) { return webpage.New(w, class) }},
	} {
		f, err := create(filepath.Join(dir, r.name))
		if err != nil {
			s.discard()
			return nil, err
		}
		s.files = append(s.files, f)
		report, err := r.make(f, class)
		if err != nil {
			s.discard()
			return nil, err
		}
		s.reports = append(s.reports, report)
	}
	for _, f := range formats() {
		if f.extra && !slices.Contains(extra, f.name) {
			os.RemoveAll(temporary(filepath.Join(dir, f.name))) // of a call that was killed
			continue
		}
		folder, err := createFolder(dir, f)
		if err != nil {
			s.discard()
			return nil, err
		}
		s.folders = append(s.folders, folder)
	}
	return s, nil
}

// sure is for a report that can always be made.
func sure(make func(io.Writer, grade.Class) Report) func(io.Writer, grade.Class) (Report, error) {
	return func(w io.Writer, class grade.Class) (Report, error) { return make(w, class), nil }
}

// Add gives a record to all reports. Names must grow, as strings compare.
func (s *set) Add(r *grade.Record) error {
	if s.err != nil {
		return s.err
	}
	name := r.Entry.Name
	if s.started && name <= s.last {
		s.err = fmt.Errorf("report %q: it comes after %q", name, s.last)
		return s.err
	}
	s.started, s.last = true, name
	for _, folder := range s.folders {
		if s.err = folder.add(s.class, r); s.err != nil {
			return s.err
		}
	}
	for _, report := range slices.Concat(s.reports, s.more) {
		if s.err = report.Add(r); s.err != nil {
			s.err = fmt.Errorf("report %q: %w", name, s.err)
			return s.err
		}
	}
	return nil
}

// Close ends all reports and puts them in their places.
func (s *set) Close() error {
	all := []error{s.err}
	for _, report := range slices.Concat(s.reports, s.more) {
		all = append(all, report.Close())
	}
	for _, f := range s.files {
		all = append(all, f.finish())
	}
	if err := errors.Join(all...); err != nil {
		s.discard()
		return err
	}
	for _, folder := range s.folders {
		all = append(all, folder.place())
	}
	for _, f := range s.files {
		all = append(all, f.place())
	}
	return errors.Join(all...)
}

func (s *set) discard() {
	for _, f := range s.files {
		f.discard()
	}
	for _, f := range s.folders {
		f.discard()
	}
}
