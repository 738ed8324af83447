package sandbox

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// Found is a file that lay in Command.Look when all was over.
type Found struct {
	Path string // in the sandbox: "/work/a"
	Kind string // file, folder, link, other
	Data []byte // of a file, the first bytes
}

// Limits of what is listed.
const (
	maxFound     = 100
	maxFoundData = 1 << 10 // bytes of a file
	maxFoundDeep = 4       // folders
)

// look lists what is in Command.Look. Everything in the sandbox has ended; what
// it left there may be anything.
func (b *rootBuilder) look() ([]Found, error) {
	if b.cmd.Look == "" {
		return nil, nil
	}
	top, err := os.OpenRoot(b.at(b.cmd.Look)) // within it no link leads out
	if err != nil {
		return nil, fmt.Errorf("look at %s: %w", b.cmd.Look, err)
	}
	defer top.Close()
	var found []Found
	var visit func(dir string, deep int)
	visit = func(dir string, deep int) {
		entries, err := fs.ReadDir(top.FS(), dir)
		if err != nil {
			return // it is listed itself, and no more can be told
		}
		for _, e := range entries {
			if len(found) == maxFound {
				return
			}
			name := path.Join(dir, e.Name())
			f := Found{Path: path.Join(b.cmd.Look, name), Kind: "other"}
			info, err := top.Lstat(name)
			switch {
			case err != nil:
			case info.IsDir():
				f.Kind = "folder"
			case info.Mode()&fs.ModeSymlink != 0:
				f.Kind = "link"
			case info.Mode().IsRegular():
				f.Kind, f.Data = "file", headOf(top, name, maxFoundData)
			}
			found = append(found, f)
			if f.Kind == "folder" && deep < maxFoundDeep {
				visit(name, deep+1)
			}
		}
	}
	visit(".", 0)
	return found, nil
}

// outputs reads Command.Outputs, when everything in the sandbox has ended. The
// sandbox's init could not: at the time limit it is killed with the rest.
func (b *rootBuilder) outputs() ([][]byte, error) {
	if len(b.cmd.Outputs) == 0 {
		return nil, nil
	}
	top, err := os.OpenRoot(b.base)
	if err != nil {
		return nil, fmt.Errorf("look at /: %w", err)
	}
	defer top.Close()
	var all [][]byte
	for _, file := range b.cmd.Outputs {
		name, data := path.Join("/", file)[1:], []byte(nil)
		// To open a FIFO would wait for who writes to it.
		if info, err := top.Lstat(name); err == nil && info.Mode().IsRegular() {
			data = headOf(top, name, min(info.Size(), b.cmd.Limits.Disk))
		}
		all = append(all, data)
	}
	return all, nil
}

func headOf(top *os.Root, name string, most int64) []byte {
	f, err := top.Open(name)
	if err != nil {
		return nil
	}
	defer f.Close()
	data := make([]byte, most)
	n, _ := io.ReadFull(f, data)
	return data[:n]
}

// loosen takes nosuid and nodev off a mount that lies on the sandbox's own tmpfs.
// The sandbox's user namespace would lock them, mount_namespaces(7), and with
// them a bind mount could be made read-only only by who repeats them; on most
// machines nobody has to. Neither set-user-ID nor a device can do harm on a file
// system of the sandbox's.
func loosen(at string) error {
	attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
	return unix.MountSetattr(unix.AT_FDCWD, at, 0, &attr)
}
