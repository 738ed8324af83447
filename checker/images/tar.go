package images

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/sandbox"
)

// Limits of an image. One for learning has a few thousand files.
const (
	maxBytes = 1 << 30
	maxNodes = 200_000
	maxLink  = 4096
)

// FromTar reads the tar archive of a root file system. Later entries replace
// earlier ones of the same path, as they do where an archive is unpacked.
//
// Nothing in it may lead out of the image: names that are absolute or have ".."
// in them stay below the root, an entry that lies behind a symbolic link is
// refused, and devices, which no sandbox can make, are left out. A symbolic link
// may name any path: in a container that is a path of the container.
func FromTar(r io.Reader) ([]sandbox.Node, error) {
	t := &reader{at: map[string]int{}, named: map[string]bool{}, made: map[string]bool{}}
	in := tar.NewReader(r)
	for {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read archive: %w", err)
		}
		if err := t.add(h, in); err != nil {
			return nil, fmt.Errorf("read archive: %s: %w", printable(h.Name), err)
		}
	}
	return t.sorted(), nil
}

type reader struct {
	nodes []sandbox.Node  // an empty Path: replaced
	at    map[string]int  // by path
	named map[string]bool // files that have another name
	made  map[string]bool // folders that no entry named
	bytes int64
}

// clean makes a name of an archive a path below the root: "." is the root.
func clean(name string) string {
	name = path.Clean("/" + name)[1:]
	if name == "" {
		return "."
	}
	return name
}

func (t *reader) add(h *tar.Header, content io.Reader) error {
	name := clean(h.Name)
	if name == "." {
		return nil // the sandbox makes the root itself
	}
	if strings.ContainsRune(name, 0) || len(name) > unix.PathMax {
		return errors.New("that is no path")
	}
	n := sandbox.Node{Path: name, Mode: uint32(h.Mode) & 0o7777, UID: h.Uid, GID: h.Gid}
	switch h.Typeflag {
	case tar.TypeDir:
		n.Mode |= unix.S_IFDIR
	case tar.TypeReg:
		n.Mode |= unix.S_IFREG
		if t.bytes += h.Size; t.bytes > maxBytes || h.Size < 0 {
			return fmt.Errorf("the image has more than %d MiB", maxBytes>>20)
		}
		var err error
		if n.Data, err = io.ReadAll(content); err != nil {
			return err
		}
	case tar.TypeSymlink:
		n.Mode |= unix.S_IFLNK
		if n.Link = h.Linkname; n.Link == "" || len(n.Link) >= maxLink || strings.ContainsRune(n.Link, 0) {
			return errors.New("a symbolic link that leads nowhere")
		}
	case tar.TypeLink:
		same := clean(h.Linkname)
		i, ok := t.at[same]
		if !ok || same == name || t.nodes[i].Mode&unix.S_IFMT == unix.S_IFDIR {
			return fmt.Errorf("another name of %s, which is no file of the archive", printable(h.Linkname))
		}
		first := t.nodes[i]
		if first.Mode&unix.S_IFMT == unix.S_IFLNK {
			n = first
			n.Path = name
			break
		}
		n.Mode, n.Same = unix.S_IFREG, same
		if first.Same != "" {
			n.Same = first.Same
		}
	default:
		return nil // devices, pipes, sparse files of old: none that an image needs
	}
	return t.put(n)
}

// put adds a node below folders that are there, or makes them.
func (t *reader) put(n sandbox.Node) error {
	if dir := path.Dir(n.Path); dir != "." {
		i, ok := t.at[dir]
		switch {
		case !ok:
			if err := t.put(sandbox.Node{Path: dir, Mode: unix.S_IFDIR | 0o755}); err != nil {
				return err
			}
			t.made[dir] = true
		case t.nodes[i].Mode&unix.S_IFMT == unix.S_IFLNK:
			return fmt.Errorf("it lies behind the symbolic link %s", printable(dir))
		case t.nodes[i].Mode&unix.S_IFMT != unix.S_IFDIR:
			return fmt.Errorf("it lies below %s, which is no folder", printable(dir))
		}
	}
	if i, ok := t.at[n.Path]; ok {
		old := &t.nodes[i]
		wasDir, isDir := old.Mode&unix.S_IFMT == unix.S_IFDIR, n.Mode&unix.S_IFMT == unix.S_IFDIR
		if t.made[n.Path] && !isDir {
			return nil // a lower layer's, where an upper one has a folder
		}
		if wasDir && isDir {
			t.made[n.Path] = false
			n.Path = old.Path
			*old = n
			return nil
		}
		if wasDir != isDir || t.named[n.Path] {
			return errors.New("it is there already, as something else")
		}
		old.Path = ""
	}
	if len(t.at) >= maxNodes {
		return fmt.Errorf("the image has more than %d files", maxNodes)
	}
	t.named[n.Same] = n.Same != ""
	t.at[n.Path] = len(t.nodes)
	t.nodes = append(t.nodes, n)
	return nil
}

// sorted returns the nodes that count. Folders were always put before what
// lies in them.
func (t *reader) sorted() []sandbox.Node {
	var out []sandbox.Node
	for _, n := range t.nodes {
		if n.Path != "" {
			out = append(out, n)
		}
	}
	return out
}

// printable quotes what an archive says where it is not plain text.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\ufffd' }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}
