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

// A Folder is the Tree of a folder on disk, read without ever leaving it: every
// name is opened below one descriptor, and no link is followed on the way. It
// is for one goroutine at a time.
type Folder struct {
	fd    int
	name  string // as it was given, for errors
	plain bool   // openat2 is missing or refused here
}

// OpenFolder opens a folder, to be closed with Close. The last element of dir
// may not be a link: that is an *Irregular; the ones before may. An error that
// wraps ErrUsage says that there is no such folder.
func OpenFolder(dir string) (*Folder, error) {
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
		return nil, &Irregular{"a symbolic link: give the folder that it leads to"}
	case fi.Mode().IsRegular():
		return nil, fmt.Errorf("open submission %s: %w: it is a file; give the folder that it lies in", dir, ErrUsage)
	case !fi.IsDir():
		return nil, fmt.Errorf("open submission %s: %w: it is %s, not a folder", dir, ErrUsage, kindOf(fi.Mode()))
	}
	fd, err := openRetry(unix.AT_FDCWD, clean, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open submission %s: %w", dir, err)
	}
	return &Folder{fd: fd, name: dir}, nil
}

// Close ends the use of the folder.
func (f *Folder) Close() { unix.Close(f.fd) }

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
func (f *Folder) open(rel string, flags int) (int, error) {
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

func (f *Folder) openStepwise(rel string, flags int) (int, error) {
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

// Kind is that of Tree. The file is not opened, so that looking at a device does
// nothing to it.
func (f *Folder) Kind(rel string) (string, error) {
	fd, err := f.open(rel, unix.O_PATH)
	if err != nil {
		return "", behind(err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return "", err
	}
	return statKind(st.Mode), nil
}

const behindLink = "behind a symbolic link"

// behind says in words that a link was met on the way to a name.
func behind(err error) error {
	if err == unix.ELOOP {
		return &Irregular{behindLink}
	}
	return err
}

// Read is that of Tree.
func (f *Folder) Read(rel string, limit int) ([]byte, error) {
	file, size, err := f.Open(rel)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if size > int64(limit) {
		return nil, ErrTooLarge
	}
	data, err := io.ReadAll(io.LimitReader(file, int64(limit)+1))
	if err != nil {
		return nil, cause(err)
	}
	if len(data) > limit {
		return nil, ErrTooLarge
	}
	return data, nil
}

// Open opens a regular file for reading and tells its size in bytes. Its errors
// are those of Read.
func (f *Folder) Open(rel string) (file *os.File, size int64, err error) {
	kind, err := f.Kind(rel)
	if err != nil {
		return nil, 0, err
	}
	if kind != KindFile {
		return nil, 0, &Irregular{kind}
	}
	fd, err := f.open(rel, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	if err != nil {
		return nil, 0, behind(err)
	}
	file = os.NewFile(uintptr(fd), rel)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		file.Close()
		return nil, 0, err
	}
	if k := statKind(st.Mode); k != KindFile {
		file.Close()
		return nil, 0, &Irregular{k}
	}
	return file, st.Size, nil
}

// List is that of Tree.
func (f *Folder) List(rel string, limit int) ([]string, error) {
	fd, err := f.open(rel, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NONBLOCK)
	if err == unix.ENOTDIR || err == unix.ELOOP {
		if kind, err := f.Kind(rel); err == nil && kind != KindFile {
			return nil, &Irregular{kind}
		}
	}
	if err != nil {
		return nil, behind(err)
	}
	file := os.NewFile(uintptr(fd), rel)
	defer file.Close()
	names, err := file.Readdirnames(limit + 1)
	if err != nil && err != io.EOF {
		return nil, cause(err)
	}
	if len(names) > limit {
		return nil, ErrTooMany
	}
	return names, nil
}

func statKind(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return KindFile
	case unix.S_IFDIR:
		return KindFolder
	case unix.S_IFLNK:
		return KindLink
	case unix.S_IFIFO:
		return KindPipe
	case unix.S_IFSOCK:
		return KindSocket
	}
	return KindDevice
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode&fs.ModeNamedPipe != 0:
		return KindPipe
	case mode&fs.ModeSocket != 0:
		return KindSocket
	}
	return KindDevice
}
