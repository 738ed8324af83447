package vm

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Folder lists the regular files and links of a folder of this machine, with
// all that is below, as files of the machine at the path at. skip, if not nil,
// is asked for every file and folder by its path in the folder; what it returns
// true for is left out.
func Folder(dir, at string, skip func(rel string, d fs.DirEntry) bool) ([]File, error) {
	var all []File
	// Debian's Go has links in place of its folders.
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(real, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, real), "/")
		if rel != "" && skip != nil && skip(rel, d) {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		to := path.Join(at, rel)
		switch d.Type() {
		case 0:
			info, err := d.Info()
			if err != nil {
				return err
			}
			all = append(all, File{Path: to, Mode: uint32(info.Mode().Perm()), From: name, Time: info.ModTime()})
		case fs.ModeSymlink:
			link, err := os.Readlink(name)
			if err != nil {
				return err
			}
			all = append(all, File{Path: to, Link: link})
		}
		return nil
	})
	return all, err
}
