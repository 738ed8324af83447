package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"sync"

	"golang.org/x/sys/unix"
)

// What is kept
//
// A check runs a program several times. Its file, other large files, and an image are
// then the same each time: with Command.Keep they are not written anew, but kept for
// the program's next run. An emulator, whose translation of code belongs to the page of
// memory that has the code, has half as much work then.
//
// They lie in file systems of a mount namespace in which nothing is but these and one
// thread of the checker, the keeper; with the checker that ends, however it ends. A run
// gets copies of the mounts (open_tree(2)): of a file a read-only one, of a folder of
// Command.Empty with Trees one that it can write to, for itself alone. When the run is
// over all is removed from that, but for large files that are as they were.
//
// No two programs get the same file or folder, even if they are equal: what a program
// can do to a file that it can only read (a lock, a lease, a watch) meets itself.

// minKept is the size of the smallest file that is kept by itself.
const minKept = 64 << 10

// mostKept is of how many programs that do not run something is kept.
const mostKept = 8

// keeper is a thread, and what it keeps. All but open and do is that thread's.
type keeper struct {
	once sync.Once
	err  error
	ask  chan func()

	base  int     // the sandboxes' root
	kept  []*kept // the latest last
	names int     // given so far
}

// kept is what is kept of one program.
type kept struct {
	program *byte            // where its data begins
	files   map[*byte]string // names in the keeper's root, by where the data begins
	grounds []*ground        // those that no run has
	runs    int
}

// A loan is what a run has of the keeper's.
type loan struct {
	keeper  *keeper
	of      *kept
	sources []source
	files   map[string]bool // paths of files that are among the sources
	grounds []*ground
}

// open starts the thread. Its root becomes a tmpfs with nothing else.
func (k *keeper) open() error {
	k.ask = make(chan func())
	started := make(chan error, 1)
	onThread(func() error {
		err := leaveAll()
		started <- err
		if err == nil {
			for f := range k.ask {
				f()
			}
		}
		return err
	})
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

// close ends the thread. Nobody may ask any more.
func (k *keeper) close() {
	if k.ask != nil {
		close(k.ask)
	}
}

// do has the thread call f.
func (k *keeper) do(f func() error) error {
	k.once.Do(func() { k.err = k.open() })
	if k.err != nil {
		return k.err
	}
	done := make(chan error, 1)
	k.ask <- func() { done <- f() }
	return <-done
}

// lend gives a run what is kept for it; nil if nothing is to be.
func (k *keeper) lend(cmd *Command) (*loan, error) {
	if k == nil {
		return nil, nil // real root could write to what it gets
	}
	i := slices.IndexFunc(cmd.Files, func(f File) bool { return f.Path == cmd.Path })
	if !cmd.Keep || i < 0 || len(cmd.Files[i].Data) < minKept {
		return nil, nil
	}
	l := &loan{keeper: k, files: map[string]bool{}}
	err := k.do(func() error {
		l.of = k.find(&cmd.Files[i].Data[0])
		l.of.runs++
		err := l.take(cmd)
		if err != nil {
			l.end(nil)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("keep files: %w", err)
	}
	return l, nil
}

// giveBack ends the run's loan. kept are the grounds that are as they were.
func (l *loan) giveBack(kept []*ground) {
	if l == nil {
		return
	}
	// Its error is that of the keeper's start, without which there is no loan.
	_ = l.keeper.do(func() error {
		l.end(kept)
		return nil
	})
}

func (l *loan) end(kept []*ground) {
	for _, s := range l.sources {
		unix.Close(s.fd)
	}
	for _, g := range l.grounds {
		if slices.Contains(kept, g) {
			l.of.grounds = append(l.of.grounds, g)
		} else {
			g.drop()
		}
	}
	l.of.runs--
	l.keeper.clear()
}

// find returns what is kept of a program.
func (k *keeper) find(program *byte) *kept {
	i := slices.IndexFunc(k.kept, func(o *kept) bool { return o.program == program })
	of := &kept{program: program, files: map[*byte]string{}}
	if i >= 0 {
		of = k.kept[i]
		k.kept = slices.Delete(k.kept, i, i+1)
	}
	k.kept = append(k.kept, of)
	return of
}

// clear throws away what is kept of all but the latest of programs that do not run.
func (k *keeper) clear() {
	idle := 0
	for i := len(k.kept) - 1; i >= 0; i-- {
		o := k.kept[i]
		if o.runs > 0 {
			continue
		}
		if idle++; idle <= mostKept {
			continue
		}
		for _, name := range o.files {
			unix.Unlink(name)
		}
		for _, g := range o.grounds {
			g.drop()
		}
		k.kept = slices.Delete(k.kept, i, i+1)
	}
}

func (k *keeper) name() string {
	k.names++
	return "/" + strconv.Itoa(k.names)
}

// take fills the loan.
func (l *loan) take(cmd *Command) error {
	for _, f := range cmd.Files {
		if len(f.Data) < minKept {
			continue
		}
		name, there := l.of.files[&f.Data[0]]
		if !there {
			name = l.keeper.name()
			if err := writeTo(name, f.Data, f.Mode, unix.O_CREAT|unix.O_EXCL); err != nil {
				return err
			}
			l.of.files[&f.Data[0]] = name
			if err := unix.Chown(name, l.keeper.base, l.keeper.base); err != nil {
				return fmt.Errorf("own %s: %w", f.Path, err)
			}
		}
		if err := l.add(name, source{to: f.Path, attr: readOnly}); err != nil {
			return err
		}
		l.files[f.Path] = true
	}
	for _, top := range cmd.Empty {
		if !slices.ContainsFunc(cmd.Trees, func(t Tree) bool { return t.Top == top }) {
			continue
		}
		g, err := l.ground(top, cmd)
		if err != nil {
			return err
		}
		l.grounds = append(l.grounds, g)
		if err := l.add(g.name, source{to: top, isDir: true}); err != nil {
			return err
		}
	}
	return nil
}

// add adds a copy of a mount to what the run gets.
func (l *loan) add(name string, s source) (err error) {
	if s.fd, err = unix.OpenTree(unix.AT_FDCWD, name, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC); err != nil {
		return fmt.Errorf("take %s: %w", s.to, err)
	}
	l.sources = append(l.sources, s)
	return nil
}

func (l *loan) hasFile(path string) bool { return l != nil && l.files[path] }

// has returns the loan's ground that is a folder of the sandbox, or nil.
func (l *loan) has(top string) *ground {
	if l == nil {
		return nil
	}
	i := slices.IndexFunc(l.grounds, func(g *ground) bool { return g.top == top })
	if i < 0 {
		return nil
	}
	return l.grounds[i]
}
