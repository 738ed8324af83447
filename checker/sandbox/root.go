package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// bases are the folders of the machine over which a sandbox's root is mounted,
// in a mount namespace of its own: the first that is there will do.
var bases = [...]string{"/tmp", "/mnt", "/var/tmp", "/opt", "/run", "/root", "/home"}

// rootBuilder makes the root file system of one sandbox, on a thread that is in
// a mount namespace of its own.
type rootBuilder struct {
	base string // where it is mounted
	ids  idRange
	cmd  *Command
	name string // the hostname that will be set
	kept *kept  // nil: nothing is
}

// source is something of the machine, taken before the base covers it.
type source struct {
	fd    int
	to    string
	attr  uint64
	isDir bool
}

const readOnly = unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV

// enter takes the calling thread, which must be locked and be thrown away
// afterwards, to a mount namespace of its own, and picks the base there. It
// returns a descriptor of the one that the thread was in.
func (b *rootBuilder) enter() (outside int, err error) {
	outside, err = unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("open mount namespace: %w", err)
	}
	if err = unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		err = fmt.Errorf("unshare mount namespace: %w", err)
	} else if err = unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		err = fmt.Errorf("make / private: %w", err)
	} else {
		err = b.findBase()
	}
	if err != nil {
		unix.Close(outside)
	}
	return outside, err
}

// build mounts and fills the root. The calling thread has entered.
func (b *rootBuilder) build() error {
	sources, links, err := b.sources()
	defer func() {
		for _, s := range sources {
			unix.Close(s.fd)
		}
	}()
	if err != nil {
		return err
	}
	l := b.cmd.Limits
	size, inodes := l.Disk, l.Inodes
	for _, f := range b.cmd.Files {
		if !b.kept.hasFile(f.Path) {
			size, inodes = size+int64(len(f.Data))+4096, inodes+4
		}
	}
	for _, t := range b.cmd.Trees {
		if b.kept.ground(t.Top) == nil {
			more, nodes := room(t)
			size, inodes = size+more, inodes+nodes
		}
	}
	options := fmt.Sprintf("size=%d,nr_inodes=%d,mode=755,uid=%d,gid=%d", size, inodes+64+512*len(b.cmd.Binds), b.ids.base, b.ids.base)
	if err := unix.Mount("tmpfs", b.base, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return fmt.Errorf("mount root: %w", err)
	}
	// From here on files are made as the sandbox's root.
	b.become(b.ids.base)
	defer b.become(0) // who cleans up after an error needs root's rights
	if err := b.fill(links); err != nil {
		return err
	}
	b.become(0)
	if b.kept != nil {
		sources, b.kept.sources = append(sources, b.kept.sources...), nil // closed with the others
	}
	for _, s := range sources {
		if err := b.attach(s); err != nil {
			return err
		}
	}
	if err := b.overlays(); err != nil {
		return err
	}
	if err := b.hide(); err != nil {
		return err
	}
	for _, dir := range append([]string{"/tmp", WorkDir, "/dev/shm"}, b.cmd.Empty...) {
		at := b.at(dir)
		if b.kept.ground(dir) != nil {
			continue // a mount already, and not as strict
		}
		if err := unix.Mount(at, at, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("bind %s: %w", dir, err)
		}
		if len(b.cmd.Trees) > 0 {
			if err := loosen(at); err != nil {
				return fmt.Errorf("bind %s: %w", dir, err)
			}
		}
	}
	b.become(b.ids.base)
	for _, f := range b.cmd.Files {
		if b.kept.hasFile(f.Path) {
			continue
		}
		if err := b.writeFile(f); err != nil {
			return err
		}
	}
	b.become(0)
	for _, file := range b.cmd.Loose {
		if err := unix.Mount(b.at(file), b.at(file), "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("bind %s: %w", file, err)
		}
		if err := loosen(b.at(file)); err != nil {
			return fmt.Errorf("bind %s: %w", file, err)
		}
	}
	if err := b.plant(); err != nil {
		return err
	}
	attr := unix.MountAttr{Attr_set: readOnly}
	if err := unix.MountSetattr(unix.AT_FDCWD, b.base, 0, &attr); err != nil {
		return fmt.Errorf("make root read-only: %w", err)
	}
	return nil
}

// become changes the user and group that this thread's file system calls use.
// The calls cannot fail for root, setfsuid(2); were they to, what follows would.
func (b *rootBuilder) become(id int) {
	if b.ids.base != 0 {
		unix.Setfsgid(id)
		unix.Setfsuid(id)
	}
}

// findBase picks the first base that is a folder and holds nothing that will be bound.
func (b *rootBuilder) findBase() error {
	for _, base := range bases {
		if info, err := os.Lstat(base); err != nil || !info.IsDir() {
			continue
		}
		clash := false
		for _, bind := range b.cmd.Binds {
			clash = clash || (bind.Overlay && within(bind.From, base))
		}
		if !clash {
			b.base = base
			return nil
		}
	}
	return fmt.Errorf("mount root: none of %s is a folder of this machine", strings.Join(bases[:], ", "))
}

// within tells whether path is dir or lies below it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, "../")
}

// at is where the sandbox's path is before the pivot; a ".." does not lead out of it.
func (b *rootBuilder) at(path string) string {
	return b.base + filepath.Join("/", path)
}

// sources takes what the sandbox shows of the machine. links are those of
// /bin, /lib and so on that are symbolic links on the machine.
func (b *rootBuilder) sources() (all []source, links map[string]string, err error) {
	take := func(from, to string, attr uint64) error {
		fd, err := unix.OpenTree(unix.AT_FDCWD, from, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
		if err != nil {
			return fmt.Errorf("take %s: %w", from, err)
		}
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			unix.Close(fd)
			return fmt.Errorf("take %s: %w", from, err)
		}
		all = append(all, source{fd: fd, to: to, attr: attr, isDir: st.Mode&unix.S_IFMT == unix.S_IFDIR})
		return nil
	}
	links = map[string]string{}
	if err := take("/usr", "/usr", readOnly); err != nil {
		return all, nil, err
	}
	for _, dir := range [...]string{"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"} {
		switch info, err := os.Lstat(dir); {
		case err != nil:
		case info.Mode()&os.ModeSymlink != 0:
			if links[dir], err = os.Readlink(dir); err != nil {
				return all, nil, err
			}
		case info.IsDir():
			if err := take(dir, dir, readOnly); err != nil {
				return all, nil, err
			}
		}
	}
	// Links from one place of /usr to another: without them awk and which, say,
	// are dead on Debian.
	if info, err := os.Lstat("/etc/alternatives"); err == nil && info.IsDir() {
		if err := take("/etc/alternatives", "/etc/alternatives", readOnly); err != nil {
			return all, nil, err
		}
	}
	for _, node := range [...]string{"null", "zero", "full", "random", "urandom", "tty"} {
		if err := take("/dev/"+node, "/dev/"+node, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NOEXEC); err != nil {
			return all, nil, err
		}
	}
	for _, bind := range b.cmd.Binds {
		if bind.Overlay || within(bind.From, "/usr") && bind.From == bind.To {
			continue
		}
		if err := take(bind.From, bind.To, readOnly); err != nil {
			return all, nil, err
		}
	}
	return all, links, nil
}

// attach puts a source at its place and gives it its attributes.
func (b *rootBuilder) attach(s source) error {
	b.become(b.ids.base)
	err := b.mkdirAll(filepath.Dir(s.to))
	b.become(0)
	if err != nil {
		return err
	}
	if s.isDir {
		if err := b.mkdirAll(s.to); err != nil {
			return err
		}
	} else {
		if err := unix.Mknod(b.at(s.to), unix.S_IFREG|0o644, 0); err != nil {
			return fmt.Errorf("make %s: %w", s.to, err)
		}
	}
	attr := unix.MountAttr{Attr_set: s.attr}
	if err := unix.MountSetattr(s.fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr); err != nil {
		return fmt.Errorf("restrict %s: %w", s.to, err)
	}
	if err := unix.MoveMount(s.fd, "", unix.AT_FDCWD, b.at(s.to), unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("mount %s: %w", s.to, err)
	}
	return nil
}

// mkdirAll makes a folder of the sandbox and those above it. They may lie on
// the read-only /usr, which has them then.
func (b *rootBuilder) mkdirAll(dir string) error {
	path := b.at(dir)
	err := unix.Mkdir(path, 0o755) // most are there or lack nothing above
	if err == nil || err == unix.EEXIST {
		return nil
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return fmt.Errorf("make %s: %w", dir, err)
	}
	return nil
}

// fill makes the folders, links and small files of the root.
func (b *rootBuilder) fill(links map[string]string) error {
	for _, dir := range [...]string{"/usr", "/proc", "/sys", "/dev", "/dev/pts", "/etc", "/root", "/home", "/run", "/var", "/mnt", "/opt"} {
		if err := b.mkdirAll(dir); err != nil {
			return err
		}
	}
	if b.cmd.Groups {
		if err := b.mkdirAll(groupsPath); err != nil {
			return err
		}
	}
	for _, dir := range append([]string{"/tmp", WorkDir, "/dev/shm"}, b.cmd.Empty...) {
		if err := b.mkdirAll(dir); err != nil {
			return err
		}
		if err := os.Chmod(b.at(dir), 0o777|os.ModeSticky); err != nil {
			return fmt.Errorf("open up %s: %w", dir, err)
		}
	}
	for _, l := range [...][2]string{
		{"/dev/fd", "/proc/self/fd"}, {"/dev/stdin", "/proc/self/fd/0"}, {"/dev/stdout", "/proc/self/fd/1"},
		{"/dev/stderr", "/proc/self/fd/2"}, {"/dev/ptmx", "pts/ptmx"}, {"/etc/mtab", "/proc/mounts"},
		{"/var/tmp", "../tmp"}, {"/var/run", "../run"},
	} {
		links[l[0]] = l[1]
	}
	for path, target := range links {
		if err := os.Symlink(target, b.at(path)); err != nil {
			return fmt.Errorf("link %s: %w", path, err)
		}
	}
	for path, text := range map[string]string{
		"/etc/passwd":        "root:x:0:0:root:" + WorkDir + ":/bin/sh\nnobody:x:65534:65534:nobody:/:/usr/sbin/nologin\n",
		"/etc/group":         "root:x:0:\ntty:x:5:\nnogroup:x:65534:\n",
		"/etc/hostname":      b.name + "\n",
		"/etc/hosts":         "127.0.0.1 localhost " + b.name + "\n::1 localhost\n",
		"/etc/resolv.conf":   "",
		"/etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
	} {
		if err := b.writeFile(File{Path: path, Data: []byte(text), Mode: 0o644}); err != nil {
			return err
		}
	}
	return nil
}

func (b *rootBuilder) writeFile(f File) error {
	if err := b.mkdirAll(filepath.Dir(f.Path)); err != nil {
		return err
	}
	if err := writeTo(b.at(f.Path), f.Data, f.Mode, unix.O_CREAT|unix.O_TRUNC); err != nil {
		return fmt.Errorf("make %s: %w", f.Path, err)
	}
	return nil
}

// writeTo writes a file, which is opened with those flags besides.
func writeTo(name string, data []byte, mode uint32, flags int) error {
	// As long as it is open for writing nobody may fork, who would hold it open
	// for a moment longer: then it could not be executed, or made read-only.
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Open(name, flags|unix.O_WRONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW, mode)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for len(data) > 0 {
		n, err := unix.Write(fd, data)
		if err != nil && err != unix.EINTR {
			return fmt.Errorf("write: %w", err)
		}
		data = data[max(n, 0):]
	}
	return nil
}

// hide covers folders of the machine that lie below what is shown of it.
func (b *rootBuilder) hide() error {
	for _, dir := range b.cmd.Hide {
		if info, err := os.Lstat(b.at(dir)); err != nil || !info.IsDir() {
			continue // not shown in the first place
		}
		if err := unix.Mount("tmpfs", b.at(dir), "tmpfs", unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "size=4k,nr_inodes=2,mode=755"); err != nil {
			return fmt.Errorf("hide %s: %w", dir, err)
		}
	}
	return nil
}
