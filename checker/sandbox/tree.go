package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Tree is a folder that is filled before the program starts, can be written
// to, and is looked at again when all is over: an image's root file system.
type Tree struct {
	Top   string // a folder of Command.Empty: "/fs"
	Path  string // below Top, clean: "alpine/rootfs"
	Nodes []Node // each folder before what lies in it; the tree's own folder is not among them
}

// A Node is a file, a folder or a symbolic link of a Tree.
type Node struct {
	Path string // below the tree, clean: "etc/passwd"
	Mode uint32 // S_IFREG, S_IFDIR or S_IFLNK, and permission bits
	// UID and GID are ids of the sandbox. Those that it has not got become 0.
	UID, GID int
	Data     []byte // of a file
	Link     string // of a symbolic link: where it leads
	Same     string // a file that is another name of an earlier one: that one's Path
}

func (n *Node) kind() uint32 { return n.Mode & unix.S_IFMT }

// room is how much a tree takes of a tmpfs.
func room(t Tree) (size int64, inodes int) {
	for _, n := range t.Nodes {
		inodes++
		if n.Same == "" {
			size += int64(len(n.Data))/4096*4096 + 4096
		}
	}
	return size, inodes + 8
}

// plant fills the trees. It is called as the machine's root, or who is for it.
func (b *rootBuilder) plant() error {
	for i := range b.cmd.Trees {
		t := &b.cmd.Trees[i]
		if err := b.plantTree(t); err != nil {
			return fmt.Errorf("fill %s: %w", path.Join(t.Top, t.Path), err)
		}
	}
	return nil
}

func (b *rootBuilder) plantTree(t *Tree) error {
	top := b.at(path.Join(t.Top, t.Path))
	b.become(b.ids.base)
	err := os.MkdirAll(top, 0o755)
	for i := range t.Nodes {
		if err == nil {
			err = b.plantNode(t, top, &t.Nodes[i])
		}
	}
	b.become(0)
	if err != nil {
		return err
	}
	// Who owns files only root may say, and what a file's mode is says its owner.
	for i := range t.Nodes {
		n := &t.Nodes[i]
		if n.Same != "" || b.id(n.UID) == b.ids.base && b.id(n.GID) == b.ids.base {
			continue
		}
		if err := unix.Lchown(top+"/"+n.Path, b.id(n.UID), b.id(n.GID)); err != nil {
			return fmt.Errorf("own %s: %w", n.Path, err)
		}
		if n.kind() != unix.S_IFLNK { // chown(2) takes back set-user-ID
			if err := unix.Chmod(top+"/"+n.Path, n.Mode&0o7777); err != nil {
				return fmt.Errorf("own %s: %w", n.Path, err)
			}
		}
	}
	return nil
}

// id is what an id of the sandbox is here.
func (b *rootBuilder) id(id int) int {
	if id < 0 || id >= b.ids.count {
		id = 0
	}
	return b.ids.base + id
}

func (b *rootBuilder) plantNode(t *Tree, top string, n *Node) error {
	at := top + "/" + n.Path
	switch {
	case n.Same != "":
		if err := unix.Link(top+"/"+n.Same, at); err != nil {
			return fmt.Errorf("link %s: %w", n.Path, err)
		}
		return nil
	case n.kind() == unix.S_IFDIR:
		if err := unix.Mkdir(at, 0o755); err != nil {
			return fmt.Errorf("make %s: %w", n.Path, err)
		}
	case n.kind() == unix.S_IFLNK:
		if err := unix.Symlink(n.Link, at); err != nil {
			return fmt.Errorf("link %s: %w", n.Path, err)
		}
		return nil
	default:
		placed, err := b.place(t, n)
		if err == nil && !placed {
			err = b.writeFile(File{Path: strings.TrimPrefix(at, b.base), Data: n.Data, Mode: 0o644})
		}
		if err != nil {
			return err
		}
	}
	if err := unix.Chmod(at, n.Mode&0o7777); err != nil {
		return fmt.Errorf("make %s: %w", n.Path, err)
	}
	return nil
}

// maxChanges is how many changes of a tree are told.
const maxChanges = 16

// changes tells what of the trees is not as it was made: "/fs/x/rootfs/a (new)",
// "(gone)", "(changed)". Times do not count. Everything in the sandbox has ended;
// what it left there may be anything.
func (b *rootBuilder) changes() ([]string, error) {
	var found []string
	for i := range b.cmd.Trees {
		t := &b.cmd.Trees[i]
		// Within it no link leads out.
		top, err := os.OpenRoot(b.at(t.Top))
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", t.Top, err)
		}
		defer top.Close()
		wanted := map[string]*Node{}
		for j := range t.Nodes {
			wanted[path.Join(t.Path, t.Nodes[j].Path)] = &t.Nodes[j]
		}
		tell := func(name, what string) { found = append(found, path.Join(t.Top, name)+" ("+what+")") }
		if !isFolder(top, t.Path) {
			tell(t.Path, "gone")
			continue
		}
		err = fs.WalkDir(top.FS(), t.Path, func(name string, d fs.DirEntry, err error) error {
			if len(found) >= maxChanges {
				return fs.SkipAll
			}
			n := wanted[name]
			delete(wanted, name)
			switch {
			case err != nil:
				return err
			case name == t.Path:
			case n == nil:
				tell(name, "new")
				if d.IsDir() {
					return fs.SkipDir
				}
			case !b.same(top, name, n, t):
				tell(name, "changed")
				if d.IsDir() != (n.kind() == unix.S_IFDIR) && d.IsDir() {
					return fs.SkipDir
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("look at %s: %w", path.Join(t.Top, t.Path), err)
		}
		for j := range t.Nodes {
			name := path.Join(t.Path, t.Nodes[j].Path)
			// Of what lay in a folder that is gone, or is none any more, that was told.
			if len(found) < maxChanges && wanted[name] != nil && isFolder(top, path.Dir(name)) {
				tell(name, "gone")
			}
		}
	}
	return found, nil
}

// isFolder tells whether a path leads to a folder, by no link.
func isFolder(top *os.Root, name string) bool {
	for ; name != "."; name = path.Dir(name) {
		if info, err := top.Lstat(name); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// same tells whether a file is as its node says.
func (b *rootBuilder) same(top *os.Root, name string, n *Node, t *Tree) bool {
	if n.Same != "" {
		for i := range t.Nodes {
			if t.Nodes[i].Path == n.Same {
				n = &t.Nodes[i]
				break
			}
		}
	}
	info, err := top.Lstat(name)
	if err != nil {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || st.Mode&unix.S_IFMT != n.kind() || int(st.Uid) != b.id(n.UID) || int(st.Gid) != b.id(n.GID) {
		return false
	}
	switch n.kind() {
	case unix.S_IFLNK:
		link, err := top.Readlink(name)
		return err == nil && link == n.Link
	case unix.S_IFREG:
		if st.Size != int64(len(n.Data)) {
			return false
		}
		data, err := top.ReadFile(name)
		if err != nil || !bytes.Equal(data, n.Data) {
			return false
		}
	}
	return st.Mode&0o7777 == n.Mode&0o7777
}

// checkTrees says what is wrong with a Command's trees.
func checkTrees(trees []Tree) error {
	for _, t := range trees {
		if !fs.ValidPath(t.Path) || t.Path == "." {
			return fmt.Errorf("fill %s: %q is no path below it", t.Top, t.Path)
		}
		kinds := map[string]uint32{".": unix.S_IFDIR}
		for _, n := range t.Nodes {
			_, known := kinds[n.Path]
			switch k := n.kind(); {
			case !fs.ValidPath(n.Path) || strings.ContainsRune(n.Path, 0) || known:
				return fmt.Errorf("fill %s: %q is no path below it, or is there twice", t.Path, n.Path)
			case kinds[path.Dir(n.Path)] != unix.S_IFDIR:
				return fmt.Errorf("fill %s: %q lies in no folder of it", t.Path, n.Path)
			case k != unix.S_IFREG && k != unix.S_IFDIR && k != unix.S_IFLNK:
				return fmt.Errorf("fill %s: %q is neither file, folder nor link", t.Path, n.Path)
			case n.Same != "" && kinds[n.Same] != unix.S_IFREG:
				return errors.New("fill " + t.Path + ": " + n.Path + " is another name of no file")
			}
			kinds[n.Path] = n.kind()
		}
	}
	return nil
}
