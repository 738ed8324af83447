package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Host makes sandboxes on this machine. Its methods may be called by several
// goroutines at once.
type Host struct {
	ids      idRange
	root     bool    // see OpenRoot
	name     string  // of its processes and groups
	groups   *groups // nil where there are none
	noGroups error
	sweep    sync.Once
	crowd    crowd
	keeper   *keeper
}

// idRange is the user and group ids of the machine that a sandbox uses: base
// is its root, which is never the machine's root.
type idRange struct{ base, count int }

// wanted is the range that a privileged caller uses: far above what accounts,
// /etc/subuid and systemd's containers take.
var wanted = idRange{base: 0x7A000000, count: 65536}

// Open prepares for making sandboxes. The caller needs CAP_SYS_ADMIN in its
// user namespace: see Enter.
func Open() (*Host, error) {
	if !capable() {
		return nil, errors.New("open sandbox host: CAP_SYS_ADMIN is missing")
	}
	if err := allowCore(); err != nil {
		return nil, fmt.Errorf("open sandbox host: %w", err)
	}
	uidMap, err := readFile("/proc/self/uid_map")
	if err != nil {
		return nil, fmt.Errorf("open sandbox host: %w: is /proc mounted?", err)
	}
	gidMap, err := readFile("/proc/self/gid_map")
	if err != nil {
		return nil, fmt.Errorf("open sandbox host: %w", err)
	}
	name, err := hostName()
	if err != nil {
		return nil, fmt.Errorf("open sandbox host: %w", err)
	}
	h := &Host{ids: pickRange(uidMap, gidMap), name: name}
	h.keeper = &keeper{base: h.ids.base}
	if mayBeRoot(uidMap, h.ids.base) {
		return nil, errOnlyRoot()
	}
	h.groups, h.noGroups = openGroups(name)
	return h, nil
}

// sweepGroups sweeps the groups, once.
func (h *Host) sweepGroups() {
	if h.groups != nil {
		h.sweep.Do(h.groups.sweep)
	}
}

// NoGroups says why limits are not kept by cgroups; nil if they are.
func (h *Host) NoGroups() error { return h.noGroups }

// pickRange chooses ids that are mapped in the caller's user namespace: if
// possible none of them the caller's own.
func pickRange(maps ...[]byte) idRange {
	var extents [][]idRange
	for _, m := range maps {
		var e []idRange
		for _, line := range bytes.Split(m, []byte("\n")) {
			if inside, _, count, ok := extent(line); ok {
				e = append(e, idRange{inside, min(count, math.MaxInt32)})
			}
		}
		extents = append(extents, e)
	}
	covered := func(r idRange) bool {
		for _, e := range extents {
			in := false
			for _, x := range e {
				in = in || r.base >= x.base && r.base+r.count <= x.base+x.count
			}
			if !in {
				return false
			}
		}
		return true
	}
	if covered(wanted) {
		return wanted
	}
	for count := wanted.count; count > 1; count /= 2 {
		if r := (idRange{1, count}); covered(r) {
			return r
		}
	}
	return idRange{0, 1}
}

// mayBeRoot tells whether an id may be root of the machine outside of the
// caller's user namespace: it is 0 one level up, of whoever that is.
func mayBeRoot(uidMap []byte, id int) bool {
	for _, line := range bytes.Split(uidMap, []byte("\n")) {
		if inside, outside, count, ok := extent(line); ok && inside <= id && id-inside < count {
			return outside+id-inside == 0
		}
	}
	return true
}

// extent reads a line of /proc/PID/uid_map, user_namespaces(7).
func extent(line []byte) (inside, outside, count int, ok bool) {
	f := bytes.Fields(line)
	if len(f) != 3 {
		return 0, 0, 0, false
	}
	var errs [3]error
	inside, errs[0] = strconv.Atoi(string(f[0]))
	outside, errs[1] = strconv.Atoi(string(f[1]))
	count, errs[2] = strconv.Atoi(string(f[2]))
	return inside, outside, count, errs == [3]error{}
}

// readFile reads a file that the kernel makes up, without what os.ReadFile does
// for files that may block.
func readFile(path string) ([]byte, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	data := make([]byte, 0, 4096)
	for {
		data = slices.Grow(data, 1024)
		n, err := unix.Read(fd, data[len(data):cap(data)])
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return nil, &os.PathError{Op: "read", Path: path, Err: err}
		}
		if n <= 0 {
			return data, nil
		}
		data = data[:len(data)+n]
	}
}

// capable tells whether the caller has the capabilities that sandboxes need.
func capable() bool {
	return has(unix.CAP_SYS_ADMIN, unix.CAP_SETUID, unix.CAP_SETGID, unix.CAP_SYS_PTRACE)
}

func has(caps ...int) bool {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&hdr, &data[0]); err != nil {
		return false
	}
	for _, c := range caps {
		if data[0].Effective&(1<<c) == 0 {
			return false
		}
	}
	return true
}

// Run runs cmd in a sandbox of its own and waits until everything in it has
// ended. It is killed when ctx is done; the error is then ctx's.
//
// An error means that the checker, not the program, failed; what the program
// did is in the Result.
func (h *Host) Run(ctx context.Context, cmd Command) (*Result, error) {
	if err := cmd.complete(); err != nil {
		return nil, err
	}
	defer h.crowd.join()()
	var res *Result
	err := <-onThread(func() (err error) {
		res, err = h.run(ctx, &cmd, false)
		return err
	})
	return res, err
}

// RunLast is Run for a program that ends afterwards: on the thread of the calling
// goroutine, which it locks to it and which is of no use for anything else then;
// and it returns when all that the program began has ended. The kernel and the
// janitor clear away what the sandbox consisted of meanwhile, whether or not the
// caller still lives: its init, its mounts and its group are gone a few milliseconds
// later.
func (h *Host) RunLast(ctx context.Context, cmd Command) (*Result, error) {
	if err := cmd.complete(); err != nil {
		return nil, err
	}
	runtime.LockOSThread()
	return h.run(ctx, &cmd, true)
}

// complete sets what the caller left at zero, and says what cannot be run.
func (cmd *Command) complete() error {
	defaults := DefaultLimits()
	l := &cmd.Limits
	setDefault(&l.Processes, defaults.Processes)
	setDefault(&l.Memory, defaults.Memory)
	setDefault(&l.Disk, defaults.Disk)
	setDefault(&l.Inodes, defaults.Inodes)
	setDefault(&l.Output, defaults.Output)
	setDefault(&l.Time, defaults.Time)
	if cmd.Dir == "" {
		cmd.Dir = WorkDir
	}
	for _, s := range append(append([]string{cmd.Path, cmd.Dir}, cmd.Args...), cmd.Env...) {
		if strings.ContainsRune(s, 0) {
			return fmt.Errorf("run %s: %q has a NUL byte in it", cmd.Path, s)
		}
	}
	return checkTrees(cmd.Trees)
}

// onThread runs f on an OS thread of its own, which f may change as it likes
// (its mount namespace, its user): it ends when f does. It has no children of
// others, which a Watcher that waits for all of the thread's (__WNOTHREAD, wait(2))
// would take from them. What f returned is sent then.
func onThread(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked, unless another thread is taken
		if unix.Gettid() != unix.Getpid() && !hasChildren() {
			done <- f()
			return
		}
		// The runtime never ends the main thread, and /proc/self shows what it
		// is in. While this one is held here, f gets another.
		done <- <-onThread(f)
		runtime.UnlockOSThread()
	}()
	return done
}

// hasChildren tells whether the calling thread is a parent. Kernels made without
// CONFIG_PROC_CHILDREN do not say, see proc_pid_children(5); then it is taken for none.
func hasChildren() bool {
	children, err := os.ReadFile("/proc/thread-self/children")
	return err == nil && len(children) > 0
}

func setDefault[T comparable](v *T, to T) {
	var zero T
	if *v == zero {
		*v = to
	}
}
