package intake

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"pidone/checker/build"
)

// A source is where the files of an entry come from: a folder, single files, or
// an archive.
type source interface {
	// each calls visit for every name, until that returns an error. Where enter
	// says no to a folder, what is in it may be left out.
	each(ctx context.Context, enter func(folder string) bool, visit func(item) error) error
	Close() error
}

// An item is one name of a source.
type item struct {
	name string // as build.Tree wants it, never "."
	kind string // one of build's
	// read returns the contents of a regular file, or build.ErrTooLarge. It is
	// for use within visit alone.
	read func(limit int) ([]byte, error)
}

// maxDepth is how many folders deep files are looked for.
const maxDepth = 24

// A loader holds what was read of an entry.
type loader struct {
	source source
	limits Limits
	inner  string // the archive's name, if it is one that lies in the entry

	tree     build.Memory
	names    int // that were seen
	kept     int // bytes
	goFiles  map[string][]string
	archives []string // regular files that look like one by their names
	sealed   []string // those of a kind that is not read here
	others   []string // some of the other files
	skipped  []string // some of the names that do not count
}

// counts tells whether the go command would look into all folders of a path,
// or at the file that it ends in.
func counts(name string) bool {
	for elem := range strings.SplitSeq(name, "/") {
		switch {
		case elem == "" || elem[0] == '.' || elem[0] == '_':
			return false
		case elem == "vendor" || elem == "testdata" || elem == "node_modules":
			return false
		}
	}
	return strings.Count(name, "/") < maxDepth
}

// load reads all names, and the contents of the files that decide what a
// program is.
func (l *loader) load(ctx context.Context) error {
	l.goFiles = map[string][]string{}
	return l.source.each(ctx, counts, func(it item) error {
		if err := l.count(ctx); err != nil {
			return err
		}
		if !counts(it.name) {
			l.skip(it.name)
			return nil
		}
		if path.Ext(it.name) == ".go" && it.kind != build.KindFolder {
			dir := path.Dir(it.name)
			l.goFiles[dir] = append(l.goFiles[dir], path.Base(it.name))
		}
		if it.kind != build.KindFile {
			if it.kind != build.KindFolder && len(l.others) < maxOthers {
				l.others = append(l.others, it.name+" ("+it.kind+")")
			}
			return contradiction(it.name, l.tree.AddOther(it.name, it.kind))
		}
		if path.Ext(it.name) != ".go" && path.Base(it.name) != "go.mod" {
			l.note(it.name)
			return contradiction(it.name, l.tree.AddLarge(it.name))
		}
		if !build.TakesPart(it.name) { // a test
			return contradiction(it.name, l.tree.AddLarge(it.name))
		}
		return l.keep(it)
	})
}

// skip remembers what does not count, by the first name in the path that does not.
func (l *loader) skip(name string) {
	for i := 1; i <= len(name) && len(l.skipped) < maxOthers; i++ {
		if top := name[:i]; (i == len(name) || name[i] == '/') && !counts(top) {
			if !slices.Contains(l.skipped, top) {
				l.skipped = append(l.skipped, top)
			}
			return
		}
	}
}

func (l *loader) count(ctx context.Context) error {
	l.names++
	if l.names > l.limits.Entries {
		return &Problem{Kind: TooLarge, Saw: fmt.Sprintf("it holds more than %d files", l.limits.Entries),
			Try: "hand in the Go files alone: no root file system, no build results"}
	}
	return ctx.Err()
}

// keep reads a file into the tree.
func (l *loader) keep(it item) error {
	data, err := it.read(l.limits.File)
	if err == build.ErrTooLarge {
		return contradiction(it.name, l.tree.AddLarge(it.name))
	}
	if err != nil {
		return err
	}
	l.kept += len(data)
	if l.kept > l.limits.Kept {
		return &Problem{Kind: TooLarge, Saw: fmt.Sprintf("its source has more than %d MiB", l.limits.Kept>>20),
			Try: "hand in your own Go files alone"}
	}
	return contradiction(it.name, l.tree.AddFile(it.name, data))
}

// contradiction makes a Problem of a name that cannot be there, because
// something else has it.
func contradiction(name string, err error) error {
	bad, ok := errors.AsType[*build.Irregular](err)
	if !ok {
		return err
	}
	return &Problem{Kind: Hostile, List: []string{name},
		Saw: fmt.Sprintf("it holds %s, and %s in its place", show(name), bad.Kind), Try: tryPack}
}

const tryPack = "pack the folder with main.go again, with nothing but zip -r or tar"

// maxOthers is how many names are remembered to be shown.
const maxOthers = 100

// note remembers what else is there, for messages and for archiveInPlace.
func (l *loader) note(name string) {
	switch {
	case isArchive(name):
		l.archives = append(l.archives, name)
	case isSealed(name):
		l.sealed = append(l.sealed, name)
	case len(l.others) < maxOthers:
		l.others = append(l.others, name)
	}
}

// loadEmbedded reads the files that go:embed could reach, if there is one.
func (l *loader) loadEmbedded(ctx context.Context, p program) error {
	if !l.embeds(p.root) {
		return nil
	}
	enter := func(folder string) bool {
		return strings.Count(folder, "/") < maxDepth && !versionControl(folder)
	}
	return l.source.each(ctx, enter, func(it item) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, below := under(it.name, p.root)
		if !below || !enter(path.Dir(it.name)) {
			return nil
		}
		if it.kind != build.KindFile {
			return contradiction(it.name, l.tree.AddOther(it.name, it.kind))
		}
		if data, err := l.tree.Read(it.name, l.limits.File); err == nil && data != nil {
			return nil // it is there
		}
		return l.keep(it)
	})
}

func versionControl(name string) bool {
	for elem := range strings.SplitSeq(name, "/") {
		if slices.Contains([]string{".bzr", ".git", ".hg", ".svn"}, elem) {
			return true
		}
	}
	return false
}

// under returns a name relative to a folder that it lies in.
func under(name, folder string) (string, bool) {
	if folder == "." {
		return name, true
	}
	return strings.CutPrefix(name, folder+"/")
}

// embeds tells whether a Go file below a folder may embed other files.
func (l *loader) embeds(root string) bool {
	for dir, names := range l.goFiles {
		if _, below := under(path.Join(dir, "x"), root); !below {
			continue
		}
		for _, name := range names {
			data, err := l.tree.Read(path.Join(dir, name), l.limits.File)
			if err == nil && bytes.Contains(data, []byte("//go:embed")) {
				return true
			}
		}
	}
	return false
}
