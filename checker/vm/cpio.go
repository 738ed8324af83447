package vm

import (
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"
)

// File is a regular file of the machine's root, or a symbolic link.
type File struct {
	Path string // absolute
	Mode uint32 // permission bits
	Data []byte
	From string    // if not empty, the file of this machine that is its content
	Link string    // if not empty, the file is a link that leads there
	Time time.Time // of its last change
}

// archive writes an initramfs: a cpio archive in the format "newc", as the
// kernel's Documentation/driver-api/early-userspace/buffer-format.rst has it.
type archive struct {
	w    io.Writer
	made map[string]bool // folders
	n    int             // entries
	err  error
}

func newArchive(w io.Writer) *archive { return &archive{w: w, made: map[string]bool{"/": true}} }

// File types of an entry's mode, inode(7).
const (
	typeFolder = 0o040000
	typeFile   = 0o100000
	typeLink   = 0o120000
)

// add writes a file, and before it the folders that it lies in.
func (a *archive) add(f File) {
	a.folders(path.Dir(path.Clean(f.Path)))
	if f.Link != "" {
		a.entry(f.Path, typeLink|0o777, f.Time, []byte(f.Link))
		return
	}
	if f.From != "" {
		var err error
		if f.Data, err = os.ReadFile(f.From); err != nil && a.err == nil {
			a.err = err
		}
	}
	a.entry(f.Path, typeFile|f.Mode, f.Time, f.Data)
}

func (a *archive) folders(dir string) {
	if a.made[dir] {
		return
	}
	a.folders(path.Dir(dir))
	a.made[dir] = true
	a.entry(dir, typeFolder|0o755, time.Time{}, nil)
}

func (a *archive) entry(name string, mode uint32, changed time.Time, data []byte) {
	a.n++
	a.write(strings.TrimPrefix(name, "/"), mode, a.n, changed, data)
}

func (a *archive) write(name string, mode uint32, inode int, changed time.Time, data []byte) {
	if a.err != nil {
		return
	}
	if len(data) >= 1<<32 {
		a.err = fmt.Errorf("%s is too large", name)
		return
	}
	seconds := max(changed.Unix(), 0)
	head := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
		inode, mode, 0, 0, 1, seconds, len(data), 0, 0, 0, 0, len(name)+1, 0, name)
	for _, part := range [][]byte{[]byte(head), padding(len(head)), data, padding(len(data))} {
		if _, err := a.w.Write(part); err != nil && a.err == nil {
			a.err = err
		}
	}
}

// padding fills up to a multiple of four bytes.
func padding(n int) []byte { return make([]byte, (4-n%4)%4) }

// close ends the archive and returns the first error.
func (a *archive) close() error {
	a.write("TRAILER!!!", 0, 0, time.Time{}, nil)
	if a.err != nil {
		return fmt.Errorf("write initramfs: %w", a.err)
	}
	return nil
}
