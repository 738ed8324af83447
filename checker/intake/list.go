package intake

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// An Entry is what one learner handed in, not opened yet.
type Entry struct {
	Name  string // whose it is, as the roster or the layout tells; unique in a Listing, valid UTF-8
	Path  string // of the folder, or of the first of Files; empty if only the roster names the learner
	Files []File // what it consists of, if it is no folder

	ids     []string // by which a roster may know the learner: number, login, email
	unknown bool     // to the roster
}

// A File is one file of an Entry.
type File struct {
	Name string // as the learner named it
	Path string
}

// A Listing is what a folder of submissions holds.
type Listing struct {
	Layout  string   // whose export it is: Moodle, Canvas, Gradescope, GitHub Classroom; empty if it is none
	Entries []Entry  // sorted by Name
	Ignored []string // names in the folder that are nobody's submission, sorted
	// Unknown are the names of the entries that match nobody of the roster.
	Unknown []string
}

// List finds the entries of the folder dir. roster is a CSV file of all
// learners, or empty.
func List(dir, roster string) (*Listing, error) {
	names, err := namesIn(dir)
	if err != nil {
		return nil, fmt.Errorf("list submissions: %w", err)
	}
	if len(names) == 1 && names[0].isDir && !isExported(names[0].base, "") {
		base := names[0].base
		deeper, err := namesIn(filepath.Join(dir, base))
		if err == nil && slices.ContainsFunc(deeper, func(n name) bool { return isExported(n.base, base) }) {
			dir, names = filepath.Join(dir, base), deeper // an export as it was unpacked
		}
	}
	if err := isSubmission(dir, names); err != nil {
		return nil, fmt.Errorf("list submissions: %w", err)
	}
	l := &Listing{}
	l.sort(dir, names)
	if err := errors.Join(l.nameGradescope(dir), l.nameClassroom(dir)); err != nil {
		return nil, fmt.Errorf("list submissions: %w", err)
	}
	if len(l.Entries) == 0 && roster == "" {
		what := "it is empty"
		if len(l.Ignored) > 0 {
			what = "it holds only " + showAll(l.Ignored)
		}
		return nil, fmt.Errorf("list submissions: %s: no submission in it (%s); wanted: folders or archives (%s), one a submission",
			dir, what, strings.Join(archiveEndings(), " "))
	}
	if roster != "" {
		if err := l.match(roster); err != nil {
			return nil, err
		}
	}
	makeUnique(l.Entries)
	for _, e := range l.Entries {
		if e.unknown {
			l.Unknown = append(l.Unknown, e.Name)
		}
	}
	slices.Sort(l.Unknown)
	slices.SortFunc(l.Entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	slices.Sort(l.Ignored)
	return l, nil
}

// A name is one name in the folder of submissions.
type name struct {
	base  string
	isDir bool
	link  bool
}

// namesIn lists a folder, without what operating systems leave in it.
func namesIn(dir string) ([]name, error) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s: no such folder", dir)
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s: not a folder; unpack it, and give the folder that holds the submissions", dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []name
	for _, e := range entries {
		if !isJunk(e.Name()) {
			names = append(names, name{e.Name(), e.IsDir(), e.Type()&fs.ModeSymlink != 0})
		}
	}
	return names, nil
}

func isJunk(base string) bool {
	switch strings.ToLower(base) {
	case "__macosx", "thumbs.db", "desktop.ini", "ehthumbs.db", "$recycle.bin":
		return true
	}
	return base[0] == '.' || strings.HasPrefix(base, "~$")
}

// isSubmission says so where the folder is one submission itself.
func isSubmission(dir string, names []name) error {
	for _, n := range names {
		if !n.isDir && (n.base == "main.go" || n.base == "go.mod") {
			return fmt.Errorf("%s: it holds %s, and looks like one submission; give the folder above it, or type: make check SUBMISSION=%s", dir, n.base, dir)
		}
	}
	return nil
}

// sort makes entries of names.
func (l *Listing) sort(dir string, names []name) {
	groups := map[string]int{} // of files of one learner: index into Entries
	for _, n := range names {
		path := filepath.Join(dir, n.base)
		if p, ok := platformName(n); ok {
			l.Layout = p.platform
			l.addPlatform(p, path, n.isDir, groups)
			continue
		}
		switch {
		case n.link:
			l.Entries = append(l.Entries, Entry{Name: clean(withoutEnding(n.base)), Path: path})
		case n.isDir:
			l.Entries = append(l.Entries, Entry{Name: clean(n.base), Path: path})
		case isArchive(n.base), isSealed(n.base), filepath.Ext(n.base) == ".go" && !strings.HasSuffix(n.base, "_test.go"):
			l.Entries = append(l.Entries, Entry{Name: clean(withoutEnding(n.base)), Path: path, Files: []File{{n.base, path}}})
		default:
			l.Ignored = append(l.Ignored, n.base)
		}
	}
}

func (l *Listing) addPlatform(p platformEntry, path string, isDir bool, groups map[string]int) {
	key := p.name + "\x00" + p.id
	i, known := groups[key]
	if !known {
		i = len(l.Entries)
		groups[key] = i
		l.Entries = append(l.Entries, Entry{Name: clean(p.name), ids: []string{p.id}})
	}
	e := &l.Entries[i]
	switch {
	case p.text && e.Path != "", !isDir && e.Path != "" && len(e.Files) == 0:
		// What was typed into a form counts only where nothing else is there.
	case isDir:
		e.Path, e.Files = path, nil
	default:
		if e.Path == "" {
			e.Path = path
		}
		e.Files = append(e.Files, File{p.file, path})
	}
}

func withoutEnding(base string) string {
	for _, endings := range [][]string{archiveEndings(), sealedEndings(), {".go"}} {
		if e := ending(base, endings); e != "" && len(e) < len(base) {
			return base[:len(base)-len(e)]
		}
	}
	return base
}

const maxName = 100 // characters of an entry's name

// clean makes a name that reports can hold.
func clean(s string) string {
	s = strings.TrimSpace(strings.ToValidUTF8(s, "\uFFFD"))
	if r := []rune(s); len(r) > maxName {
		s = string(r[:maxName])
	}
	if s == "" {
		return "?"
	}
	return s
}

// makeUnique gives entries that share a name longer ones: with the platform's
// number, the file's own name, and at last a count.
func makeUnique(entries []Entry) {
	longer := []func(e Entry) string{
		func(e Entry) string {
			if len(e.ids) > 0 && e.ids[0] != "" {
				return e.Name + " (" + clean(e.ids[0]) + ")"
			}
			return e.Name
		},
		func(e Entry) string {
			if e.Path != "" && clean(filepath.Base(e.Path)) != e.Name {
				return e.Name + " (" + clean(filepath.Base(e.Path)) + ")"
			}
			return e.Name
		},
	}
	for _, f := range longer {
		for _, same := range namesakes(entries) {
			for _, i := range same {
				entries[i].Name = f(entries[i])
			}
		}
	}
	for again := true; again; {
		again = false
		for _, same := range namesakes(entries) {
			slices.SortStableFunc(same, func(a, b int) int { return strings.Compare(entries[a].Path, entries[b].Path) })
			for n, i := range same[1:] {
				entries[i].Name += fmt.Sprintf(" (%d)", n+2)
				again = true
			}
		}
	}
}

// namesakes returns the indexes of entries that share a name, in groups.
func namesakes(entries []Entry) [][]int {
	by := map[string][]int{}
	for i, e := range entries {
		by[e.Name] = append(by[e.Name], i)
	}
	var groups [][]int
	for _, e := range entries {
		if same := by[e.Name]; len(same) > 1 {
			groups = append(groups, same)
			delete(by, e.Name)
		}
	}
	return groups
}
