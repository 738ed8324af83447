package sandbox

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// A ground is a file system for the trees of one folder of Command.Empty. Between runs
// nothing is in it but large files, under names of their own.
type ground struct {
	name  string            // in the keeper's root
	top   string            // where it is in a sandbox: "/fs"
	attrs string            // the names of extended attributes that a file has by itself
	laid  map[string]string // the names of large files, by where they are in a sandbox
}

// newGround makes one. top has its limits behind it, as a plan has.
func newGround(name, top string, owner int) (*ground, error) {
	top, limits, _ := strings.Cut(top, " ")
	if err := mountAt(name, 0, fmt.Sprintf("%s,mode=1777,uid=%d,gid=%d", limits, owner, owner)); err != nil {
		return nil, fmt.Errorf("%s: %w", top, err)
	}
	attrs, err := attributes(name)
	if err != nil {
		unmountAt(name)
		return nil, fmt.Errorf("look at %s: %w", top, err)
	}
	return &ground{name: name, top: top, attrs: attrs, laid: map[string]string{}}, nil
}

// place puts a file that was kept where its node is to be, if there is one.
func (b *rootBuilder) place(t *Tree, n *Node) (bool, error) {
	g := b.kept.ground(t.Top)
	if g == nil {
		return false, nil
	}
	to := path.Join(t.Top, t.Path, n.Path)
	name := g.laid[to]
	if name == "" {
		return false, nil
	}
	delete(g.laid, to)
	if err := unix.Rename(path.Join(b.at(g.top), name), b.at(to)); err != nil {
		return false, fmt.Errorf("place %s: %w", n.Path, err)
	}
	return true, touch(b.at(to))
}

// touch makes a file's times those of a new one.
func touch(name string) error {
	now := []unix.Timespec{{Nsec: unix.UTIME_NOW}, {Nsec: unix.UTIME_NOW}}
	if err := unix.UtimesNanoAt(unix.AT_FDCWD, name, now, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return fmt.Errorf("set times: %w", err)
	}
	return nil
}

// clear removes all but large files from the grounds, and tells whether they are as
// new then. Everything in the sandbox has ended; what it left there may be anything.
// changes are those of the trees.
func (b *rootBuilder) clear(changes []string) bool {
	if b.kept == nil {
		return false
	}
	for _, g := range b.kept.grounds {
		if b.clearOne(g, len(changes) == 0) != nil {
			return false
		}
	}
	return true
}

// deepest is how deep folders are that are removed: for each one a descriptor is open.
const deepest = 64

// clearOne returns an error if the ground is not to be used again.
func (b *rootBuilder) clearOne(g *ground, unchanged bool) error {
	at := b.at(g.top)
	top, err := os.OpenRoot(at) // within it no link leads out
	if err != nil {
		return err
	}
	defer top.Close()
	err = fs.WalkDir(top.FS(), ".", func(name string, _ fs.DirEntry, err error) error {
		if strings.Count(name, "/") > deepest {
			return fmt.Errorf("%s is too deep", name)
		}
		return err
	})
	if err != nil {
		return err
	}
	sizes := map[string]int64{}
	for i := range b.cmd.Trees {
		t := &b.cmd.Trees[i]
		for j := range t.Nodes {
			n := &t.Nodes[j]
			if t.Top != g.top || !n.large() {
				continue
			}
			from, name := path.Join(t.Path, n.Path), fmt.Sprintf(".%d.%d", i, j)
			if (unchanged || b.same(top, from, n, t)) && top.Rename(from, name) == nil {
				g.laid[path.Join(t.Top, from)], sizes[name] = name, int64(len(n.Data))
			}
		}
	}
	entries, err := os.ReadDir(at)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, own := sizes[e.Name()]; own {
			continue
		}
		if err := top.RemoveAll(e.Name()); err != nil {
			return err
		}
	}
	return b.asNew(g, sizes)
}

// asNew returns an error unless the ground is as if it had just been made, with files of
// those sizes in it.
func (b *rootBuilder) asNew(g *ground, sizes map[string]int64) error {
	at := b.at(g.top)
	if err := b.plain(at, unix.S_IFDIR|0o1777, g.attrs); err != nil {
		return err
	}
	if err := touch(at); err != nil {
		return err
	}
	for name, size := range sizes {
		name = path.Join(at, name)
		var st unix.Stat_t
		if err := unix.Lstat(name, &st); err != nil {
			return err
		}
		if err := b.plain(name, st.Mode, g.attrs); err != nil {
			return err
		}
		if st.Mode&unix.S_IFMT != unix.S_IFREG || st.Nlink != 1 {
			return fmt.Errorf("%s may be another one's", name)
		}
		// What was written behind the end, by a mapping, or was reserved there, goes.
		for _, size := range [...]int64{size + 1, size} {
			if err := unix.Truncate(name, size); err != nil {
				return err
			}
		}
	}
	// What is open nowhere that could be seen still takes room.
	var st unix.Statfs_t
	if err := unix.Statfs(at, &st); err != nil {
		return err
	}
	used := int64(0)
	for _, size := range sizes {
		used += (size + st.Bsize - 1) / st.Bsize
	}
	if int64(st.Blocks-st.Bfree) != used || int(st.Files-st.Ffree) != len(sizes)+1 {
		return fmt.Errorf("%d blocks and %d files of %s are in use", st.Blocks-st.Bfree, st.Files-st.Ffree, g.top)
	}
	return nil
}

// plain returns an error unless a file has that mode, the sandbox's root for its owner,
// and nothing that ls does not show.
func (b *rootBuilder) plain(name string, mode uint32, attrs string) error {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return err
	}
	has, err := attributes(name)
	if err != nil {
		return err
	}
	flags, err := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
	if err == unix.ENOTTY || err == unix.EOPNOTSUPP {
		flags, err = 0, nil // before Linux 6.6 a tmpfs has none
	}
	if err != nil {
		return err
	}
	if st.Mode != mode || int(st.Uid) != b.ids.base || int(st.Gid) != b.ids.base || has != attrs || flags != 0 {
		return fmt.Errorf("%s is not as it was made", name)
	}
	return nil
}

// nobodyHas tells whether a file of that owner is open nowhere: else there is no lease
// for writing, fcntl(2).
func nobodyHas(name string, owner int) bool {
	unix.Setfsuid(owner) // a lease is for the owner
	defer unix.Setfsuid(0)
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return false
	}
	defer unix.Close(fd)
	_, err = unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_WRLCK)
	return err == nil
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
