package intake

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pidone/checker/build"
)

// Wanted says what an entry is read for.
type Wanted struct {
	Exercise string   // its ID: "03-namespace-isolation"
	Others   []string // the IDs of the course's other exercises
	Limits   Limits   // fields that are zero have their default
}

// Limits bound the reading of one entry.
type Limits struct {
	Packed  int64         // bytes of an archive; default 128 MiB
	Entries int           // names in all; default 50,000
	Stream  int64         // bytes of a tar archive, unpacked; default 1 GiB
	File    int           // bytes of a file that is kept; default 16 MiB
	Kept    int           // bytes of all files that are kept; default 64 MiB
	Time    time.Duration // default 60 s
}

func (l Limits) withDefaults() Limits {
	if l.Packed == 0 {
		l.Packed = 128 << 20
	}
	if l.Entries == 0 {
		l.Entries = 50_000
	}
	if l.Stream == 0 {
		l.Stream = 1 << 30
	}
	if l.File == 0 {
		l.File = 16 << 20
	}
	if l.Kept == 0 {
		l.Kept = 64 << 20
	}
	if l.Time == 0 {
		l.Time = time.Minute
	}
	return l
}

// A Submission is one program with all that it is made of.
type Submission struct {
	Tree    build.Tree // for build.Request: its root is that of the program's module
	Package string     // for build.Request: folder of package main below that root, "." for the root itself
	Folder  string     // where the root lies in the entry, "." if it is the entry itself
	// Hash is the same, in hex, for all entries that hold the same program: it
	// covers Package and every file that can take part in it.
	Hash string
}

// Open reads an entry and finds the program that is wanted. Just one of its
// results is not nil. An error is the machine's, or that of ctx: nothing is
// said of the entry then.
func Open(ctx context.Context, e Entry, want Wanted) (*Submission, *Problem, error) {
	want.Limits = want.Limits.withDefaults()
	if e.Path == "" {
		return nil, &Problem{Kind: NotHandedIn, Saw: "nothing was handed in", Try: "hand in the folder with main.go"}, nil
	}
	timed, cancel := context.WithTimeout(ctx, want.Limits.Time)
	defer cancel()
	sub, err := openEntry(timed, e, want)
	if err == nil {
		return sub, nil, nil
	}
	if problem, ok := errors.AsType[*Problem](err); ok {
		return nil, problem, nil
	}
	switch {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case timed.Err() != nil:
		return nil, &Problem{Kind: Unreadable, Ours: true,
			Saw: fmt.Sprintf("reading it took more than %v", want.Limits.Time), Try: "grade it again, or take out what is not Go"}, nil
	case isMachines(err):
		return nil, nil, fmt.Errorf("read submission %s: %w", e.Path, err)
	}
	return nil, &Problem{Kind: Unreadable, Ours: true,
		Saw: "it cannot be read: " + show(err.Error()), Try: "look at " + show(filepath.Base(e.Path)) + " and its permissions"}, nil
}

func (p *Problem) Error() string { return p.String() }

func openEntry(ctx context.Context, e Entry, want Wanted) (*Submission, error) {
	var src source
	if len(e.Files) == 0 {
		dir, err := build.OpenFolder(e.Path)
		if bad, ok := errors.AsType[*build.Irregular](err); ok {
			kind, _, _ := strings.Cut(bad.Kind, ":")
			return nil, &Problem{Kind: Unreadable, Ours: true, Saw: show(filepath.Base(e.Path)) + " is " + kind,
				Try: "put what it leads to in its place: links are not followed"}
		}
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		src = &folderSource{dir: dir}
	} else {
		src = filesSource(e.Files)
	}
	l := &loader{source: src, limits: want.Limits}
	if err := l.load(ctx); err != nil {
		return nil, err
	}
	inner, err := l.archiveInPlace(ctx)
	if err != nil {
		return nil, err
	}
	if inner != nil {
		defer inner.source.Close()
		l = inner
	}
	p, err := l.choose(want)
	if err != nil {
		return nil, err
	}
	if err := l.loadEmbedded(ctx, p); err != nil {
		return nil, err
	}
	return l.submission(p), nil
}

// isMachines tells whether an error says nothing of the entry.
func isMachines(err error) bool {
	return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) || errors.Is(err, unix.ENOMEM)
}
