package build

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A folder reads a directory tree without ever leaving it: every path is
// opened below one descriptor, and no link is followed on the way.
type folder struct {
	fd    int
	name  string // as it was given, for errors
	plain bool   // openat2 is missing or refused here
}

// irregular says that a path is there but is no regular file (or folder).
type irregular struct{ kind string }

func (e *irregular) Error() string { return "is " + e.kind }

// openFolder opens the folder itself. The last element of dir may not be a
// link; the ones before may.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, fmt.Errorf("open submission: %w: no name given", ErrUsage)
	}
	clean := filepath.Clean(dir)
	fi, err := os.Lstat(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR):
		return nil, fmt.Errorf("open submission %s: %w", dir, ErrUsage)
	case err != nil:
		return nil, fmt.Errorf("open submission %s: %w", dir, cause(err))
	case fi.Mode()&fs.ModeSymlink != 0:
		return nil, &irregular{"a symbolic link: give the folder that it leads to"}
	case fi.Mode().IsRegular():
		return nil, fmt.Errorf("open submission %s: %w: it is a file; give the folder that it lies in", dir, ErrUsage)
	case !fi.IsDir():
		return nil, fmt.Errorf("open submission %s: %w: it is %s, not a folder", dir, ErrUsage, kindOf(fi.Mode()))
	}
	fd, err := openRetry(unix.AT_FDCWD, clean, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open submission %s: %w", dir, err)
	}
	return &folder{fd: fd, name: dir}, nil
}

func (f *folder) close() { unix.Close(f.fd) }

// cause drops the path that os puts into its errors.
func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}

func openRetry(dirfd int, path string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(dirfd, path, flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// open opens a path below the folder; rel is clean, relative and has no "..".
func (f *folder) open(rel string, flags int) (int, error) {
	flags |= unix.O_CLOEXEC | unix.O_NOFOLLOW
	how := &unix.OpenHow{
		Flags:   uint64(flags),
		Resolve: unix.RESOLVE_BENEATH | unix.RESOLVE_NO_SYMLINKS | unix.RESOLVE_NO_MAGICLINKS,
	}
	for try := 0; !f.plain; try++ {
		fd, err := unix.Openat2(f.fd, rel, how)
		switch {
		case err == nil:
			return fd, nil
		case (err == unix.EINTR || err == unix.EAGAIN) && try < 100:
			// EAGAIN: something was renamed meanwhile; openat2(2) says to try again.
		case err == unix.ENOSYS || err == unix.EPERM:
			f.plain = true // an old kernel, or a filter from before the call
		default:
			return -1, err
		}
	}
	return f.openStepwise(rel, flags)
}

func (f *folder) openStepwise(rel string, flags int) (int, error) {
	at := f.fd
	elems := strings.Split(rel, "/")
	for i, elem := range elems {
		if elem == ".." {
			return -1, unix.EXDEV
		}
		want := flags
		if i < len(elems)-1 {
			want = unix.O_PATH | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC
		}
		fd, err := openRetry(at, elem, want)
		if at != f.fd {
			unix.Close(at)
		}
		if err != nil {
			return -1, err
		}
		at = fd
	}
	return at, nil
}

// kind tells what a path is: "" for a regular file, else words for it. The
// file is not opened, so that looking at a device does nothing to it.
func (f *folder) kind(rel string) (string, error) {
	fd, err := f.open(rel, unix.O_PATH)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	return statKind(st.Mode), nil
}

// read returns a regular file's contents. It returns *irregular for any other
// kind of file and errTooLarge for one of more than limit bytes.
func (f *folder) read(rel string, limit int) ([]byte, error) {
	kind, err := f.kind(rel)
	if err == unix.ELOOP || kind == kindLink {
		return nil, &irregular{kindLink}
	}
	if err != nil {
		return nil, err
	}
	if kind != "" {
		return nil, &irregular{kind}
	}
	fd, err := f.open(rel, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), rel)
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, err
	}
	if k := statKind(st.Mode); k != "" {
		return nil, &irregular{k}
	}
	if st.Size > int64(limit) {
		return nil, errTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(data) > limit {
		return nil, errTooLarge
	}
	return data, nil
}

var (
	errTooLarge = errors.New("is too large")
	errTooMany  = errors.New("holds too many files")
)

// list returns the names in a folder below this one, at most limit of them;
// with more it returns errTooMany.
func (f *folder) list(rel string, limit int) ([]string, error) {
	fd, err := f.open(rel, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK)
	if err == unix.ELOOP {
		return nil, &irregular{kindLink}
	}
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(fd), rel)
	defer file.Close()
	names, err := file.Readdirnames(limit + 1)
	if err != nil && err != io.EOF {
		return nil, cause(err)
	}
	if len(names) > limit {
		return nil, errTooMany
	}
	return names, nil
}

const kindLink = "a symbolic link"

func statKind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return ""
	case unix.S_IFDIR:
		return "a folder"
	case unix.S_IFLNK:
		return kindLink
	case unix.S_IFIFO:
		return "a named pipe"
	case unix.S_IFSOCK:
		return "a socket"
	}
	return "a device"
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}
