package skeleton

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// A File is one file of an exercise as it is generated.
type File struct {
	Path    string // relative to the root, with slashes: "exercises/03-namespace-isolation/main.go"
	Content []byte
	Marks   []Mark
}

// Files generates the skeleton of one exercise, "03-namespace-isolation": each
// Go file of its solution as Generate makes it, other files as they are. They
// come in the order of their paths.
func Files(root, exercise string) ([]File, error) {
	folder := path.Join("solutions", exercise)
	var files []File
	err := fs.WalkDir(os.DirFS(root), folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		if !entry.Type().IsRegular() {
			return fmt.Errorf("%s: not a regular file", name)
		}
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		file := File{Path: path.Join("exercises", exercise, strings.TrimPrefix(name, folder)), Content: content}
		if path.Ext(name) == ".go" {
			if file.Content, file.Marks, err = Generate(name, content); err != nil {
				return err
			}
		}
		files = append(files, file)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("generate skeleton of %s: %w", exercise, err)
	}
	return files, nil
}

// all generates every skeleton.
func all(root string) ([]File, error) {
	entries, err := os.ReadDir(filepath.Join(root, "solutions"))
	if err != nil {
		return nil, fmt.Errorf("list solutions: %w", err)
	}
	var files []File
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		more, err := Files(root, entry.Name())
		if err != nil {
			return nil, err
		}
		files = append(files, more...)
	}
	return files, nil
}

// present reads a file that may be missing: nil, then.
func present(root, name string) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(root, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if content == nil && err == nil {
		content = []byte{}
	}
	return content, err
}

// replace writes a file whole or, when that fails, leaves what was there.
func replace(root, name string, content []byte) (err error) {
	target := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	temporary, err := os.CreateTemp(filepath.Dir(target), ".pidone-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", name, errors.Join(err, ignoreMissing(os.Remove(temporary.Name()))))
		}
	}()
	_, err = bytes.NewReader(content).WriteTo(temporary)
	err = errors.Join(err, temporary.Chmod(0o644), temporary.Close())
	if err != nil {
		return err
	}
	return os.Rename(temporary.Name(), target)
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
