package sandbox

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Where Command.Groups asks for it the sandbox's host has control groups, as a
// machine with cgroup v2 has them:
//
//	pidone-...      its limits are the sandbox's, and nobody inside can see it
//	  box           "/" in the sandbox; its controllers are on for groups below
//	    session.scope   init and the program, so that "/" has no processes of its own
//	    ...         what the program makes
//
// The box is delegated as cgroups(7) says: its folder, cgroup.procs,
// cgroup.threads and cgroup.subtree_control belong to the sandbox's root, and
// nothing else does. Only init, which is born in the box, can take it as the root of
// a cgroup namespace; and only once init has left it the kernel lets the box hand
// its controllers down.

// session is the group that the sandbox's processes begin in.
const session = "session.scope"

// maxGroups is how many groups a program may have at a time.
const maxGroups = 64

// controllers are those that the program's groups have.
const controllers = "+cpu +memory +pids"

// canDelegate tells whether a sandbox can be given groups of its own.
func (g *groups) canDelegate() bool { return g != nil && g.v2 && g.limits }

// descendants is how many groups there may be below the sandbox's.
func (gr *group) descendants() int {
	if gr.owner >= 0 {
		return 2 + maxGroups
	}
	return 1
}

// delegate appends what hands the box over to the sandbox's root.
func (gr *group) delegate(s *script) {
	if gr.owner < 0 {
		return
	}
	s.writeFile("enable cgroup controllers", filepath.Join(gr.dirs[0], "cgroup.subtree_control"), controllers, true)
	for _, file := range [...]string{"", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"} {
		path := filepath.Join(gr.dirs[0], box, file)
		s.do("delegate "+path, unix.SYS_FCHOWNAT, atFDCWD, s.str(path), uintptr(gr.owner), uintptr(gr.owner), 0)
	}
}

// showGroups appends what init does to have its groups in the root to be: it has
// made itself a cgroup namespace in the box.
func (s *script) showGroups(b *rootBuilder) {
	at := b.at(groupsPath)
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	kind := s.str("cgroup2")
	s.do("mount "+groupsPath, unix.SYS_MOUNT, kind, s.str(at), kind, flags, s.str(""))
	leaf := filepath.Join(at, session)
	s.do("make cgroup "+session, unix.SYS_MKDIRAT, atFDCWD, s.str(leaf), 0o755)
	s.writeFile("join cgroup "+session, filepath.Join(leaf, "cgroup.procs"), "0", true)
	s.writeFile("enable cgroup controllers", filepath.Join(at, "cgroup.subtree_control"), controllers, true)
}

// groupsPath is where a sandbox has its groups.
const groupsPath = "/sys/fs/cgroup"

// openBox returns a descriptor of the group that is "/" in the sandbox, or -1
// where it was not delegated.
func (gr *group) openBox() (int, error) {
	if gr == nil || gr.owner < 0 {
		return -1, nil
	}
	path := filepath.Join(gr.dirs[0], box)
	fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return fd, nil
}

// removeBelow appends what goes down from a group along groups that have groups in
// them, and removes those on its way that have none. What is left then, as there
// always is if it went down, takes another call. The names are the program's, so
// they are read: of what getdents64(2) returns the first entry counts each time, and
// says where the next one is.
func removeBelow(s *script, dir string) {
	const (
		size   = 512 // more than an entry takes
		offset = 8   // of struct linux_dirent64: d_off
		name   = 19  // and d_name
	)
	entry, fd := s.bytes(make([]byte, size)), s.word(0)
	var scan, next, down, over, done place
	s.try("enter cgroup", unix.SYS_CHDIR, s.str(dir)).on(failure, &done)
	s.here(&scan)
	s.try("list cgroup", unix.SYS_OPENAT, atFDCWD, s.str("."), unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0).to(fd).on(failure, &done)
	s.here(&next)
	s.try("list cgroup", unix.SYS_GETDENTS64, 0, entry, size).from(0, fd).on(results{^uint64(4094), 4095}, &over) // an error, or 0: the end
	// Files, "." and ".." give other errors than a group that has groups.
	s.try("remove cgroup", unix.SYS_UNLINKAT, atFDCWD, entry+name, unix.AT_REMOVEDIR).on(exactly(errnoResult(unix.EBUSY)), &down)
	s.try("list cgroup", unix.SYS_LSEEK, 0, 0, unix.SEEK_SET).from(0, fd).from(1, entry+offset)
	s.jump(&next)
	s.here(&down)
	s.try("close", unix.SYS_CLOSE).from(0, fd)
	s.try("enter cgroup", unix.SYS_CHDIR, entry+name).on(failure, &done)
	s.jump(&scan)
	s.here(&over)
	s.try("close", unix.SYS_CLOSE).from(0, fd)
	s.here(&done)
	s.try("leave cgroup", unix.SYS_CHDIR, s.str("/"))
}

// removeGroup removes a group and all below it, as far as no process is in there.
func removeGroup(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		if e.IsDir() {
			removeGroup(filepath.Join(dir, e.Name()))
		}
	}
	os.Remove(dir)
}
