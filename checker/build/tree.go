package build

import (
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// A Tree is a submission's files. Names are relative to its root, with
// slashes, clean, and without "..": as fs.ValidPath wants them; the root is ".".
//
// No method follows a link, waits for a pipe or has any effect. A name that is
// not there gets an error that is fs.ErrNotExist; what is no regular file (or
// no folder) where one was asked for gets an *Irregular.
type Tree interface {
	// Kind tells what a name is: "" for a regular file, KindFolder, KindLink, or
	// words for something else.
	Kind(name string) (string, error)
	// Read returns a regular file's contents, or ErrTooLarge if it has more
	// than limit bytes.
	Read(name string, limit int) ([]byte, error)
	// List returns the names in a folder, in no order, or ErrTooMany if they
	// are more than limit.
	List(name string, limit int) ([]string, error)
}

// Kinds of names, as Tree.Kind returns them.
const (
	KindFile   = ""
	KindFolder = "a folder"
	KindLink   = "a symbolic link"
	KindPipe   = "a named pipe"
	KindSocket = "a socket"
	KindDevice = "a device"
)

// Errors of a Tree.
var (
	ErrTooLarge = errors.New("is too large")
	ErrTooMany  = errors.New("holds too many files")
)

// Irregular says that a name is there but is no regular file, or no folder.
type Irregular struct{ Kind string }

func (e *Irregular) Error() string { return "is " + e.Kind }

// notThere tells whether an error says that there is no such name.
func notThere(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENOTDIR)
}

// Sub returns the part of a Tree below one of its folders.
func Sub(t Tree, folder string) Tree {
	if folder == "." || folder == "" {
		return t
	}
	return sub{t, folder}
}

type sub struct {
	tree   Tree
	folder string
}

func (s sub) Kind(name string) (string, error) { return s.tree.Kind(path.Join(s.folder, name)) }

func (s sub) Read(name string, limit int) ([]byte, error) {
	return s.tree.Read(path.Join(s.folder, name), limit)
}

func (s sub) List(name string, limit int) ([]string, error) {
	return s.tree.List(path.Join(s.folder, name), limit)
}

// Memory is a Tree of what was put into it. The zero value is an empty folder.
// It can be read by many at once, once it is complete.
type Memory struct{ root node }

type node struct {
	kind     string
	data     []byte
	large    bool
	children map[string]*node
}

// AddFile puts a regular file into the tree, and the folders that it lies in.
// It replaces a file of that name; where a folder is in its way, or a file in
// the way of a folder, it returns an *Irregular with what is there.
func (m *Memory) AddFile(name string, data []byte) error { return m.add(name, node{data: data}) }

// AddLarge puts a regular file into the tree that Read says ErrTooLarge of.
func (m *Memory) AddLarge(name string) error { return m.add(name, node{large: true}) }

// AddOther puts something into the tree that is no regular file: KindFolder,
// KindLink and so on.
func (m *Memory) AddOther(name, kind string) error {
	if kind == KindFolder {
		_, err := m.folder(name)
		return err
	}
	return m.add(name, node{kind: kind})
}

func (m *Memory) add(name string, n node) error {
	dir, err := m.folder(path.Dir(name))
	if err != nil {
		return err
	}
	base := path.Base(name)
	if old := dir.children[base]; base == "." || old != nil && old.kind == KindFolder {
		return &Irregular{KindFolder}
	}
	dir.children[base] = &n
	return nil
}

// folder returns a folder, made if need be.
func (m *Memory) folder(name string) (*node, error) {
	at := &m.root
	at.kind = KindFolder
	if at.children == nil {
		at.children = map[string]*node{}
	}
	if name == "." {
		return at, nil
	}
	for elem := range strings.SplitSeq(name, "/") {
		next := at.children[elem]
		if next == nil {
			next = &node{kind: KindFolder, children: map[string]*node{}}
			at.children[elem] = next
		}
		if next.kind != KindFolder {
			kind := next.kind
			if kind == KindFile {
				kind = "a file"
			}
			return nil, &Irregular{kind}
		}
		at = next
	}
	return at, nil
}

// find returns what has a name. As on a disk, nothing lies behind a link.
func (m *Memory) find(name string) (*node, error) {
	at := &m.root
	if name == "." {
		return at, nil
	}
	for elem := range strings.SplitSeq(name, "/") {
		if at.kind == KindLink {
			return nil, &Irregular{behindLink}
		}
		next := at.children[elem]
		if next == nil {
			return nil, fs.ErrNotExist
		}
		at = next
	}
	return at, nil
}

// Kind is that of Tree.
func (m *Memory) Kind(name string) (string, error) {
	n, err := m.find(name)
	if err != nil {
		return "", err
	}
	if n == &m.root {
		return KindFolder, nil
	}
	return n.kind, nil
}

// Read is that of Tree. The caller must not change what it returns.
func (m *Memory) Read(name string, limit int) ([]byte, error) {
	kind, err := m.Kind(name)
	if err != nil {
		return nil, err
	}
	if kind != KindFile {
		return nil, &Irregular{kind}
	}
	n, _ := m.find(name)
	if n.large || len(n.data) > limit {
		return nil, ErrTooLarge
	}
	return n.data, nil
}

// List is that of Tree.
func (m *Memory) List(name string, limit int) ([]string, error) {
	n, err := m.find(name)
	switch {
	case err != nil:
		return nil, err
	case n.kind == KindFile && n != &m.root:
		return nil, unix.ENOTDIR
	case n.kind != KindFolder && n != &m.root:
		return nil, &Irregular{n.kind}
	case len(n.children) > limit:
		return nil, ErrTooMany
	}
	return slices.Sorted(maps.Keys(n.children)), nil
}
