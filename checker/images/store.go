package images

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"pidone/checker/sandbox"
)

// CacheDir is the folder of the user's in which the kit keeps what it made or
// fetched, images above all. PIDONE_CACHE names another one.
func CacheDir() (string, error) {
	if dir := os.Getenv("PIDONE_CACHE"); dir != "" {
		return dir, nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find cache folder: %w", err)
	}
	return filepath.Join(dir, "pidone"), nil
}

// A Store is a folder that holds images, each as one tar archive.
type Store struct{ dir string }

// OpenStore returns the user's own, which need not exist.
func OpenStore() (*Store, error) {
	dir, err := CacheDir()
	if err != nil {
		return nil, err
	}
	return &Store{filepath.Join(dir, "images")}, nil
}

const archive = ".tar"

// CheckName returns an error if an image cannot have that name: it is a part
// of a path, in the store as in the sandbox.
func CheckName(name string) error {
	const most = 64
	if name == "" || len(name) > most || name[0] == '.' || name[0] == '-' || strings.ContainsFunc(name, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-", r))
	}) {
		return fmt.Errorf("%q is no name for an image: letters, digits, dots, hyphens and underscores, at most %d", name, most)
	}
	return nil
}

func (s *Store) path(name string) string { return filepath.Join(s.dir, name+archive) }

// Names lists the images that are there, sorted.
func (s *Store) Names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list images: %w", err)
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), archive); ok && CheckName(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names, nil
}

// Load reads an image. Where there is none of that name the error is
// fs.ErrNotExist.
func (s *Store) Load(name string) ([]sandbox.Node, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	f, err := os.Open(s.path(name))
	if err != nil {
		return nil, fmt.Errorf("load image %s: %w", name, err)
	}
	defer f.Close()
	nodes, err := FromTar(f)
	if err != nil {
		return nil, fmt.Errorf("load image %s: %s: %w", name, s.path(name), err)
	}
	return nodes, nil
}

// Save reads a tar archive, which must be a sound image, and keeps it. It
// returns where.
func (s *Store) Save(name string, tarball io.Reader) (path string, err error) {
	if err := CheckName(name); err != nil {
		return "", err
	}
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return "", fmt.Errorf("save image %s: %w", name, err)
	}
	f, err := os.CreateTemp(s.dir, ".new-*")
	if err != nil {
		return "", fmt.Errorf("save image %s: %w", name, err)
	}
	defer os.Remove(f.Name()) // it is not there any more if all went well
	_, err = FromTar(io.TeeReader(tarball, f))
	if err == nil {
		_, err = io.Copy(f, tarball) // what FromTar did not need
	}
	if err := errors.Join(err, f.Chmod(0o644), f.Close()); err != nil {
		return "", fmt.Errorf("save image %s: %w", name, err)
	}
	if err := os.Rename(f.Name(), s.path(name)); err != nil {
		return "", fmt.Errorf("save image %s: %w", name, err)
	}
	return s.path(name), nil
}

// chownLike gives path to the owner of model, as far as the caller may: what a
// command under sudo made is the learner's all the same.
func chownLike(path, model string) {
	info, err := os.Stat(model)
	if err != nil || os.Geteuid() != 0 {
		return
	}
	if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
		os.Lchown(path, int(st.Uid), int(st.Gid))
	}
}
