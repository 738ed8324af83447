package sandbox

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"slices"

	"golang.org/x/sys/unix"
)

// A ground is a file system for the trees of one folder of Command.Empty. Between runs
// nothing is there but large files that the last run left as they were.
type ground struct {
	name  string // in the keeper's root
	top   string // where it is in a sandbox: "/fs"
	room  string // its limits, as options of tmpfs(5)
	attrs string // the names of extended attributes that a file has by itself
	files []laid
}

// laid is a file in a ground's own folder.
type laid struct {
	name string
	data []byte
}

// ground returns one that nobody else has: a kept one or a new one.
func (l *loan) ground(top string, cmd *Command) (*ground, error) {
	size, inodes := cmd.Limits.Disk, cmd.Limits.Inodes
	for _, t := range cmd.Trees {
		if t.Top == top {
			more, nodes := room(t)
			size, inodes = size+more, inodes+nodes
		}
	}
	limits := fmt.Sprintf("size=%d,nr_inodes=%d", size, inodes)
	if i := slices.IndexFunc(l.of.grounds, func(g *ground) bool { return g.top == top && g.room == limits }); i >= 0 {
		g := l.of.grounds[i]
		l.of.grounds = slices.Delete(l.of.grounds, i, i+1)
		return g, nil
	}
	g := &ground{name: l.keeper.name(), top: top, room: limits}
	if err := unix.Mkdir(g.name, 0o700); err != nil {
		return nil, fmt.Errorf("make %s: %w", top, err)
	}
	options := fmt.Sprintf("%s,mode=1777,uid=%d,gid=%d", limits, l.keeper.base, l.keeper.base)
	if err := unix.Mount("tmpfs", g.name, "tmpfs", 0, options); err != nil {
		unix.Rmdir(g.name)
		return nil, fmt.Errorf("mount %s: %w", top, err)
	}
	attrs, err := attributes(g.name)
	if err != nil {
		g.drop()
		return nil, fmt.Errorf("mount %s: %w", top, err)
	}
	g.attrs = attrs
	return g, nil
}

func (g *ground) drop() {
	unix.Unmount(g.name, unix.MNT_DETACH)
	unix.Rmdir(g.name)
}

// place puts a file that was kept where a node is to be, if there is one with its data.
func (b *rootBuilder) place(n *Node, top, at string) (bool, error) {
	g := b.loan.has(top)
	if g == nil {
		return false, nil
	}
	i := slices.IndexFunc(g.files, func(f laid) bool { return bytes.Equal(f.data, n.Data) })
	if i < 0 {
		return false, nil
	}
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	err := unix.Rename(path.Join(b.at(g.top), g.files[i].name), at)
	if err == nil {
		err = unix.UtimesNanoAt(unix.AT_FDCWD, at, now, 0)
	}
	g.files = slices.Delete(g.files, i, i+1)
	return true, err
}

// settled removes the files that found no place.
func (b *rootBuilder) settled() error {
	if b.loan == nil {
		return nil
	}
	for _, g := range b.loan.grounds {
		for _, f := range g.files {
			if err := unix.Unlink(path.Join(b.at(g.top), f.name)); err != nil {
				return fmt.Errorf("clear %s: %w", g.top, err)
			}
		}
		g.files = nil
	}
	return nil
}

// harvest returns the grounds that can be kept, with nothing but large files in them.
// Everything in the sandbox has ended; what it left there may be anything.
func (b *rootBuilder) harvest(changes []string) (kept []*ground) {
	if b.loan == nil {
		return nil
	}
	for _, g := range b.loan.grounds {
		if b.harvestOne(g, len(changes) == 0) {
			kept = append(kept, g)
		}
	}
	return kept
}

func (b *rootBuilder) harvestOne(g *ground, unchanged bool) bool {
	top, err := os.OpenRoot(b.at(g.top)) // within it no link leads out
	if err != nil {
		return false
	}
	defer top.Close()
	var st unix.Stat_t
	attrs, err := attributes(b.at(g.top))
	if err != nil || attrs != g.attrs || unix.Stat(b.at(g.top), &st) != nil || st.Mode != unix.S_IFDIR|0o1777 || int(st.Uid) != b.ids.base {
		return false
	}
	for i := range b.cmd.Trees {
		t := &b.cmd.Trees[i]
		for j := range t.Nodes {
			n := &t.Nodes[j]
			if t.Top != g.top || len(n.Data) < minKept || n.UID != 0 || n.GID != 0 {
				continue
			}
			at, name := path.Join(t.Path, n.Path), fmt.Sprintf(".%d.%d", i, j)
			if !unchanged && !b.same(top, at, n, t) || top.Rename(at, name) != nil {
				continue
			}
			g.files = append(g.files, laid{name, n.Data})
		}
	}
	entries, err := os.ReadDir(b.at(g.top))
	if err != nil {
		return false
	}
	for _, e := range entries {
		own := slices.ContainsFunc(g.files, func(f laid) bool { return f.name == e.Name() })
		if !own && top.RemoveAll(e.Name()) != nil {
			return false
		}
	}
	return !slices.ContainsFunc(g.files, func(f laid) bool {
		attrs, err := attributes(path.Join(b.at(g.top), f.name))
		return err != nil || attrs != g.attrs
	})
}

// attributes returns the names of a file's extended attributes, listxattr(7).
func attributes(name string) (string, error) {
	b := make([]byte, 1024)
	n, err := unix.Llistxattr(name, b)
	if err == unix.ENOTSUP {
		return "", nil
	}
	return string(b[:max(n, 0)]), err
}
