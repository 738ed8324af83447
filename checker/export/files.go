package export

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"pidone/checker/grade"
)

// file is written beside its place, under a name that the next call uses again:
// a killed one leaves no more than that.
type file struct {
	path, temp string
	f          *os.File
	*bufio.Writer
}

func temporary(path string) string {
	return filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
}

func create(path string) (*file, error) {
	temp := temporary(path)
	if err := os.Remove(temp); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("make report %s: %w", path, err)
	}
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return nil, fmt.Errorf("make report %s: %w", path, err)
	}
	return &file{path: path, temp: temp, f: f, Writer: bufio.NewWriterSize(f, 1<<16)}, nil
}

// finish writes the rest of it.
func (f *file) finish() error {
	err := errors.Join(f.Flush(), f.f.Close())
	if err != nil {
		return fmt.Errorf("write report %s: %w", f.path, err)
	}
	return nil
}

// place puts it where it belongs.
func (f *file) place() error {
	if err := os.Rename(f.temp, f.path); err != nil {
		return fmt.Errorf("write report %s: %w", f.path, err)
	}
	return nil
}

// discard takes it away. It may be closed already.
func (f *file) discard() {
	f.f.Close()
	os.Remove(f.temp)
}

// folder holds a file for each submission.
type folder struct {
	format
	path, temp string
}

func createFolder(dir string, of format) (*folder, error) {
	f := &folder{format: of, path: filepath.Join(dir, of.name)}
	f.temp = temporary(f.path)
	err := os.RemoveAll(f.temp)
	if err == nil {
		err = os.Mkdir(f.temp, 0o777)
	}
	if err != nil {
		return nil, fmt.Errorf("make reports %s: %w", f.path, err)
	}
	return f, nil
}

func (f *folder) add(class grade.Class, r *grade.Record) error {
	path := filepath.Join(f.temp, f.file(grade.FileName(r.Entry.Name)))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	w := bufio.NewWriter(out)
	if err := errors.Join(f.write(w, class, r), w.Flush(), out.Close()); err != nil {
		return fmt.Errorf("write report %s: %w", path, err)
	}
	return nil
}

func (f *folder) place() error {
	if err := errors.Join(os.RemoveAll(f.path), os.Rename(f.temp, f.path)); err != nil {
		return fmt.Errorf("write reports %s: %w", f.path, err)
	}
	return nil
}

func (f *folder) discard() { os.RemoveAll(f.temp) }
