package skeleton

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// A Moved says what became of one file of an exercise that starts again.
type Moved struct {
	Path string // relative to the root
	Old  string // where what was there is now, relative to the root; empty if there was nothing to keep
}

// Reset puts the skeleton of one exercise back. What the learner had is kept
// beside it: "main.go.old", "main.go.old2" and so on, which Go does not compile.
// Go files that the skeleton does not have are moved away likewise, since they
// might not fit it. Files that are the skeleton already are not reported.
func Reset(root, exercise string) ([]Moved, error) {
	files, err := Files(root, exercise)
	if err != nil {
		return nil, err
	}
	skeletons := map[string][]byte{}
	for _, file := range files {
		skeletons[file.Path] = file.Content
	}
	folder := path.Join("exercises", exercise)
	others, err := fs.Glob(os.DirFS(root), folder+"/*.go")
	if err != nil {
		return nil, fmt.Errorf("reset %s: %w", exercise, err)
	}

	var moved []Moved
	for _, name := range slices.Compact(slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(skeletons)), others...)))) {
		old, err := present(root, name)
		if err != nil {
			return moved, fmt.Errorf("reset %s: %w", exercise, err)
		}
		content, ours := skeletons[name]
		if old != nil && ours && bytes.Equal(old, content) {
			continue
		}
		m := Moved{Path: name}
		if old != nil {
			if m.Old, err = moveAside(root, name); err != nil {
				return moved, fmt.Errorf("reset %s: %w", exercise, err)
			}
		}
		if ours {
			if err := replace(root, name, content); err != nil {
				if m.Old != "" {
					err = errors.Join(err, os.Rename(filepath.Join(root, m.Old), filepath.Join(root, name)))
				}
				return moved, fmt.Errorf("reset %s: %w", exercise, err)
			}
		}
		moved = append(moved, m)
	}
	return moved, nil
}

// moveAside gives a file the first name beside it that is free, and returns
// that name.
func moveAside(root, name string) (string, error) {
	for n := 1; ; n++ {
		aside := name + ".old"
		if n > 1 {
			aside += strconv.Itoa(n)
		}
		// A rename replaces what has the name already: reserve it first.
		reserved, err := os.OpenFile(filepath.Join(root, aside), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		if err := reserved.Close(); err != nil {
			return "", err
		}
		if err := os.Rename(filepath.Join(root, name), filepath.Join(root, aside)); err != nil {
			return "", errors.Join(err, os.Remove(filepath.Join(root, aside)))
		}
		return aside, nil
	}
}
