package intake

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"pidone/checker/build"
)

// folderSource is a folder on disk.
type folderSource struct{ dir *build.Folder }

// maxInFolder bounds the names of one folder; the Limits count those of all.
const maxInFolder = 1 << 20

func (s *folderSource) each(ctx context.Context, enter func(string) bool, visit func(item) error) error {
	return s.walk(ctx, ".", enter, visit)
}

func (s *folderSource) walk(ctx context.Context, folder string, enter func(string) bool, visit func(item) error) error {
	names, err := s.dir.List(folder, maxInFolder)
	if err == build.ErrTooMany {
		return &Problem{Kind: TooLarge, Saw: "it holds a folder of more than a million files: " + show(folder), Try: "hand in the Go files alone"}
	}
	if err != nil {
		return gone(err)
	}
	slices.Sort(names)
	for _, base := range names {
		name := path.Join(folder, base)
		kind, err := s.dir.Kind(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		err = visit(item{name, kind, func(limit int) ([]byte, error) { return s.dir.Read(name, limit) }})
		if err == nil && kind == build.KindFolder && enter(name) {
			err = s.walk(ctx, name, enter, visit)
		}
		if err != nil {
			return gone(err)
		}
	}
	return ctx.Err()
}

// gone forgives what vanished while it was looked at.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *folderSource) open(name string) (*os.File, int64, error) { return s.dir.Open(name) }

func (s *folderSource) Close() error {
	s.dir.Close()
	return nil
}

// filesSource are single files that one learner handed in.
type filesSource []File

func (s filesSource) each(ctx context.Context, _ func(string) bool, visit func(item) error) error {
	for _, f := range s {
		dir, err := build.OpenFolder(filepath.Dir(f.Path))
		if err != nil {
			return err
		}
		base := filepath.Base(f.Path)
		kind, err := dir.Kind(base)
		if err == nil {
			err = visit(item{f.Name, kind, func(limit int) ([]byte, error) { return dir.Read(base, limit) }})
		}
		dir.Close()
		if err != nil {
			return err
		}
	}
	return ctx.Err()
}

func (s filesSource) open(name string) (*os.File, int64, error) {
	i := slices.IndexFunc(s, func(f File) bool { return f.Name == name })
	dir, err := build.OpenFolder(filepath.Dir(s[i].Path))
	if err != nil {
		return nil, 0, err
	}
	defer dir.Close()
	return dir.Open(filepath.Base(s[i].Path))
}

func (s filesSource) Close() error { return nil }
