package sandbox

import (
	"fmt"
	"path"
	"runtime"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// What is kept
//
// A check runs a program several times. Its file, other large files, and an image are
// then the same each time: with Command.Keep they are not written anew, but kept for
// the program's next run. On a machine that is not worth much; but an emulator's
// translation of code belongs to the page of memory that has the code, and with the
// same pages it has a third less work.
//
// What is kept lies in file systems of a mount namespace in which nothing is but these
// and one thread of the checker, the keeper; with the checker that ends, however it
// ends. A run gets copies of the mounts (open_tree(2)), and while it lasts nobody else
// does: read-only ones of folders of Command.Files, and of folders of Command.Empty
// with Trees one that it can write to. When the run is over, all is removed from that
// but large files that are as they were (ground.go).
//
// What one run can do must not meet the next one. A file may still be open by then: a
// descriptor on its way through a socket has no process. So all is thrown away of which
// it cannot be seen that it is as new, and that nobody has it open.

// minKept is the size of the smallest file that is kept.
const minKept = 64 << 10

// mostKept is how much is kept that no run has.
const mostKept = 8

// keeper is a thread, and what it keeps. All but open and do is that thread's, which
// ends when nobody holds the keeper any more.
type keeper struct {
	once sync.Once
	err  error
	ask  chan func()

	base  int     // the sandboxes' root
	kept  []*kept // those that no run has, the latest last
	names int     // given so far
}

// kept is what one run has of the keeper's, and the next one will.
type kept struct {
	plan    plan
	name    string // of the file system with files, in the keeper's root
	grounds []*ground
	sources []source // of a run, until they are at their places
}

// open starts the thread. Its root becomes a tmpfs with nothing else.
func (k *keeper) open() error {
	ask, started := make(chan func()), make(chan error, 1)
	onThread(func() error { // which may not hold k
		err := leaveAll()
		started <- err
		if err == nil {
			for f := range ask {
				f()
			}
		}
		return err
	})
	k.ask = ask
	runtime.AddCleanup(k, func(ask chan func()) { close(ask) }, ask)
	return <-started
}

// leaveAll takes the calling thread to a mount namespace that has an empty tmpfs alone.
func leaveAll() error {
	if err := unix.Unshare(unix.CLONE_NEWNS | unix.CLONE_FS); err != nil {
		return fmt.Errorf("unshare mount namespace: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}
	b := rootBuilder{cmd: &Command{}}
	if err := b.findBase(); err != nil {
		return err
	}
	if err := unix.Mount("tmpfs", b.base, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount what is kept: %w", err)
	}
	if err := unix.Chdir(b.base); err != nil {
		return fmt.Errorf("enter %s: %w", b.base, err)
	}
	// One on top of the other, pivot_root(2), and then away with the lower.
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount the machine's root: %w", err)
	}
	return unix.Chdir("/")
}

// do has the thread call f.
func (k *keeper) do(f func() error) error {
	k.once.Do(func() { k.err = k.open() })
	if k.err != nil {
		return k.err
	}
	done := make(chan error, 1)
	k.ask <- func() { done <- f() }
	err := <-done
	runtime.KeepAlive(k) // until then the thread is needed
	return err
}

// lend gives a run what is kept for it; nil if nothing is to be.
func (k *keeper) lend(cmd *Command) (o *kept, err error) {
	p := planned(cmd)
	if k == nil || p == nil {
		return nil, nil // k: real root could write to what it gets
	}
	err = k.do(func() error {
		if o = k.find(p); o == nil {
			if o, err = k.make(p, cmd); err != nil {
				return err
			}
		}
		if err := o.copyMounts(); err != nil {
			o.drop()
			return err
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("keep files: %w", err)
	}
	return o, nil
}

// find returns what was kept for a plan; nil: nothing was.
func (k *keeper) find(p *plan) *kept {
	for i := len(k.kept) - 1; i >= 0; i-- {
		o := k.kept[i]
		if !o.plan.equal(p) {
			continue
		}
		k.kept = slices.Delete(k.kept, i, i+1)
		if o.idle(k.base) {
			return o
		}
		o.drop()
	}
	return nil
}

// giveBack ends a run's use. asNew tells whether the grounds are as they were.
func (k *keeper) giveBack(o *kept, asNew bool) {
	if o == nil {
		return
	}
	// Its error is that of the keeper's start, without which nothing was lent.
	_ = k.do(func() error {
		o.closeSources()
		if !asNew {
			o.drop()
			return nil
		}
		if k.kept = append(k.kept, o); len(k.kept) > mostKept {
			k.kept[0].drop()
			k.kept = slices.Delete(k.kept, 0, 1)
		}
		return nil
	})
}

func (k *keeper) name() string {
	k.names++
	return "/" + strconv.Itoa(k.names)
}

// make makes what a plan wants.
func (k *keeper) make(p *plan, cmd *Command) (o *kept, err error) {
	o = &kept{plan: *p, name: k.name()}
	defer func() {
		if err != nil {
			o.drop()
		}
	}()
	if err := mountAt(o.name, unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return o, err
	}
	for i, dir := range p.folders() {
		at := o.folder(i)
		if err := unix.Mkdir(at, 0o755); err != nil {
			return o, fmt.Errorf("make %s: %w", dir, err)
		}
		for _, f := range cmd.Files {
			if path.Dir(f.Path) != dir {
				continue
			}
			name := path.Join(at, path.Base(f.Path))
			err := writeTo(name, f.Data, f.Mode, unix.O_CREAT|unix.O_EXCL)
			if err == nil {
				err = unix.Chown(name, k.base, k.base)
			}
			if err != nil {
				return o, fmt.Errorf("make %s: %w", f.Path, err)
			}
		}
		if err := unix.Chown(at, k.base, k.base); err != nil {
			return o, fmt.Errorf("make %s: %w", dir, err)
		}
	}
	for _, top := range p.tops {
		g, err := newGround(k.name(), top, k.base)
		if err != nil {
			return o, err
		}
		o.grounds = append(o.grounds, g)
	}
	return o, nil
}

func (o *kept) folder(i int) string { return path.Join(o.name, strconv.Itoa(i)) }

// mountAt mounts a tmpfs at a name that is not there yet.
func mountAt(name string, flags uintptr, options string) error {
	if err := unix.Mkdir(name, 0o700); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	if err := unix.Mount("tmpfs", name, "tmpfs", flags, options); err != nil {
		unix.Rmdir(name)
		return fmt.Errorf("mount: %w", err)
	}
	return nil
}

// copyMounts makes the sources of a run.
func (o *kept) copyMounts() error {
	add := func(name string, s source) (err error) {
		if s.fd, err = unix.OpenTree(unix.AT_FDCWD, name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC); err != nil {
			return fmt.Errorf("take %s: %w", s.to, err)
		}
		o.sources = append(o.sources, s)
		return nil
	}
	for i, dir := range o.plan.folders() {
		if err := add(o.folder(i), source{to: dir, attr: readOnly, isDir: true}); err != nil {
			return err
		}
	}
	for _, g := range o.grounds {
		if err := add(g.name, source{to: g.top, isDir: true}); err != nil {
			return err
		}
	}
	return nil
}

func (o *kept) closeSources() {
	for _, s := range o.sources {
		unix.Close(s.fd)
	}
	o.sources = nil
}

// idle tells whether nobody has one of the files open. It is asked before a run, not
// after the one before: of a process that has ended the kernel may close files a moment
// later.
func (o *kept) idle(owner int) bool {
	for _, g := range o.grounds {
		for _, name := range g.laid {
			if !nobodyHas(path.Join(g.name, name), owner) {
				return false
			}
		}
	}
	for i, dir := range o.plan.folders() {
		for _, f := range o.plan.files {
			if path.Dir(f.path) == dir && !nobodyHas(path.Join(o.folder(i), path.Base(f.path)), owner) {
				return false
			}
		}
	}
	return true
}

func (o *kept) drop() {
	o.closeSources()
	for _, g := range o.grounds {
		unmountAt(g.name)
	}
	unmountAt(o.name)
}

func unmountAt(name string) {
	unix.Unmount(name, unix.MNT_DETACH)
	unix.Rmdir(name)
}

func (o *kept) hasFile(path string) bool {
	return o != nil && slices.ContainsFunc(o.plan.files, func(f keptFile) bool { return f.path == path })
}

// ground returns the one that is a folder of the sandbox, or nil.
func (o *kept) ground(top string) *ground {
	if o == nil {
		return nil
	}
	i := slices.IndexFunc(o.grounds, func(g *ground) bool { return g.top == top })
	if i < 0 {
		return nil
	}
	return o.grounds[i]
}
