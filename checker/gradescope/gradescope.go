// Package gradescope packs the kit as an autograder for Gradescope: a zip file
// with setup.sh and run_autograder, and the kit's sources.
//
// It promises that the same kit gives the same bytes, and that what learners
// edit, tests and everything that no check needs stay out of it.
package gradescope

import (
	"archive/zip"
	"compress/flate"
	_ "embed" // the scripts are files, so that they can be read and run as such
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed setup.sh
var setup []byte

//go:embed run_autograder
var runAutograder []byte

// packed is the time of every file in the zip file: the first that it can have.
var packed = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Write writes the zip file for an exercise ("03-namespace-isolation") of the
// kit in a folder, and returns how many files are in it.
func Write(w io.Writer, kit fs.FS, exercise string) (files int, err error) {
	paths, err := sources(kit)
	if err != nil {
		return 0, err
	}
	out := zip.NewWriter(w)
	out.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) {
		return flate.NewWriter(w, flate.BestCompression)
	})
	for _, f := range []struct {
		name string
		data []byte
		mode fs.FileMode
	}{
		{"EXERCISE", []byte(exercise + "\n"), 0o644}, {"run_autograder", runAutograder, 0o755}, {"setup.sh", setup, 0o755},
	} {
		if err := add(out, f.name, f.data, f.mode); err != nil {
			return 0, err
		}
		files++
	}
	for _, name := range paths {
		data, err := fs.ReadFile(kit, name)
		if err != nil {
			return 0, fmt.Errorf("pack %s: %w", name, err)
		}
		if err := add(out, path.Join("kit", name), data, 0o644); err != nil {
			return 0, err
		}
		files++
	}
	if err := out.Close(); err != nil {
		return 0, fmt.Errorf("pack autograder: %w", err)
	}
	return files, nil
}

func add(out *zip.Writer, name string, data []byte, mode fs.FileMode) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packed}
	h.SetMode(mode)
	w, err := out.CreateHeader(h)
	if err == nil {
		_, err = w.Write(data)
	}
	if err != nil {
		return fmt.Errorf("pack %s: %w", name, err)
	}
	return nil
}

// sources returns the files of the kit that a check needs, sorted: to build the
// checker, the pages and the scenarios, and the solutions, from which it knows
// an untouched skeleton.
func sources(kit fs.FS) ([]string, error) {
	paths := []string{"LICENSE", "go.mod", "go.sum"}
	for _, top := range []string{"checker", "docs", "solutions", "testdata/scenarios"} {
		err := fs.WalkDir(kit, top, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			base := d.Name()
			if d.IsDir() {
				if base == "testdata" || strings.HasPrefix(base, ".") {
					return fs.SkipDir
				}
				return nil
			}
			if !d.Type().IsRegular() || strings.HasPrefix(base, ".") || strings.HasSuffix(base, "_test.go") {
				return nil
			}
			if top == "docs" && path.Ext(base) != ".md" {
				return nil
			}
			paths = append(paths, name)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("pack the kit: %w", err)
		}
	}
	slices.Sort(paths)
	return paths, nil
}
