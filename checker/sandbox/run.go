package sandbox

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// running is one sandbox, seen from the thread that made it.
type running struct {
	host *Host
	cmd  *Command
	last bool     // see RunLast
	undo []func() // in order of acquisition; run backwards

	stdio   [3]int // the sandbox's ends
	streams [3]uint64
	in      *os.File   // our end of its standard input, if somebody writes there
	out     []*capture // of its standard output and error
	goOn    [2]int     // pipe: see goOnFD, and so on
	report  [2]int     // pipe
	status  [2]int     // pipe
	outside int        // the mount namespace that the thread came from

	counters counters

	janitor   int
	janitorFD int           // its pidfd
	pid       int           // of init; 0 before it is known, -1 after it was reaped
	pidfd     int           // of init; -1 before it is known and after it was reaped
	drained   chan struct{} // closed when another goroutine has drained; nil if none does

	mu       sync.Mutex // of pidfd, which must not be closed, and used again, while it is signalled
	timedOut atomic.Bool
	half     atomic.Pointer[effort] // when half of the time had passed
	effort   effort                 // at the time limit, if it was reached
	late     time.Duration          // see Result.Late
}

func (r *running) later(f func()) { r.undo = append(r.undo, f) }

func (r *running) cleanUp() {
	for i := len(r.undo) - 1; i >= 0; i-- {
		r.undo[i]()
	}
}

// pipe makes a pipe whose ends are closed on clean-up, if they are not before.
func (r *running) pipe(p *[2]int, flags int) error {
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC|flags); err != nil {
		return fmt.Errorf("make pipe: %w", err)
	}
	r.later(func() { closeFD(&p[0]); closeFD(&p[1]) })
	return nil
}

func closeFD(fd *int) {
	if *fd >= 0 {
		unix.Close(*fd)
		*fd = -1
	}
}

func (h *Host) run(ctx context.Context, cmd *Command, last bool) (_ *Result, err error) {
	r := &running{host: h, cmd: cmd, last: last, pidfd: -1}
	defer r.cleanUp()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	proc, err := unix.Open("/proc", unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /proc: %w", err)
	}
	r.later(func() { unix.Close(proc) })
	if err := r.openStreams(); err != nil {
		return nil, err
	}
	b := rootBuilder{ids: h.ids, cmd: cmd, name: randomLetters(10)}
	if b.kept, err = h.keeper.lend(cmd); err != nil {
		return nil, err
	}
	asNew := false
	r.later(func() { h.keeper.giveBack(b.kept, asNew) })
	if r.outside, err = b.enter(); err != nil {
		return nil, err
	}
	r.later(func() { closeFD(&r.outside) })
	g := h.groups
	gr := g.next()
	if cmd.Groups && g.canDelegate() {
		gr.owner = h.ids.base
	}
	s := r.begin(gr)
	defer s.close()
	if err := r.start(s); err != nil {
		return nil, err
	}
	// While its processes begin: to make namespaces takes the kernel long.
	prog, err := filter(append(refused(cmd), cmd.Rules...))
	if err != nil {
		return nil, err
	}
	r.complete(s, &b, gr, prog)
	if err := s.extend(); err != nil {
		return nil, err
	}
	if err := b.build(); err != nil {
		return nil, err
	}
	if err := gr.makeOld(cmd.Limits); err != nil {
		return nil, err
	}
	if err := r.meetInit(); err != nil {
		return nil, r.because(err, s)
	}
	if !h.root {
		if err := mapIDs(proc, r.pid, h.ids); err != nil {
			return nil, err
		}
	}
	if cmd.Connect != nil {
		if err := cmd.Connect(r.pid); err != nil {
			return nil, err
		}
	}
	if !gr.limited() {
		// Memory that no process owns, such as a tmpfs, is not limited then.
		// Let the machine at least take the sandbox's processes first.
		_ = writeAt(proc, strconv.Itoa(r.pid)+"/oom_score_adj", "1000")
	}

	groupsFD, err := gr.openBox()
	if err != nil {
		return nil, err
	}
	r.later(func() { closeFD(&groupsFD) })
	start := time.Now()
	status, err := r.follow(ctx, gr, &Init{
		PID: r.pid, Proc: proc, Streams: r.streams, Program: cmd.Path,
		Groups: groupsFD, Kill: r.kill, TimedOut: r.timedOut.Load,
	})
	end := time.Since(start)
	if err == nil {
		err = r.failure(s)
	}
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	res := &Result{Status: status, Duration: end, TimedOut: r.timedOut.Load()}
	if res.TimedOut {
		res.CPU, res.Waited, res.Late = r.effort.cpu, r.effort.waited, r.late
	}
	for i, c := range r.out {
		*[]*Stream{&res.Stdout, &res.Stderr}[i] = Stream{c.data, c.total}
	}
	res.OutOfMemory, res.OutOfPIDs = r.counters.hits()
	closeFD(&r.goOn[1]) // the janitor may begin
	collect()
	if res.Changes, err = b.changes(); err != nil {
		return nil, err
	}
	if res.Found, err = b.look(); err != nil {
		return nil, err
	}
	if res.Outputs, err = b.outputs(); err != nil {
		return nil, err
	}
	asNew = b.clear(res.Changes)
	return res, nil
}

// follow lets init go on and waits until it has ended.
func (r *running) follow(ctx context.Context, gr *group, init *Init) (status unix.WaitStatus, err error) {
	if r.cmd.Watcher != nil {
		if err := r.cmd.Watcher.Attach(init); err != nil {
			return 0, fmt.Errorf("attach recorder: %w", err)
		}
	}
	follower := unix.Gettid()
	defer after(r.cmd.Limits.Time/2, func() {
		e := effortOf(init.Proc, init.PID, follower)
		r.half.Store(&e)
	})()
	turns := 0
	defer every(r.cmd.Limits.Time, func() (again bool) {
		r.effort = effortOf(init.Proc, init.PID, follower)
		if turns++; turns < patience && !r.effort.hadMachine(r.cmd.Limits.Time) {
			return true
		}
		if half := r.half.Load(); half != nil {
			r.late = max(r.effort.cpu+r.effort.waited-half.cpu-half.waited, 0)
		}
		r.timedOut.Store(true)
		r.kill()
		return false
	})()
	if r.cmd.Still != nil {
		defer after(StillAfter, func() {
			e := effortOf(init.Proc, init.PID, follower)
			r.cmd.Still(e.cpu, e.waited)
		})()
	}
	defer context.AfterFunc(ctx, r.kill)()
	// EPIPE: it was killed already.
	if _, err := unix.Write(r.goOn[1], []byte{1}); err != nil && err != unix.EPIPE {
		return 0, fmt.Errorf("start sandbox: %w", err)
	}
	// While init works.
	r.counters = gr.openCounters()
	r.later(r.counters.close)
	r.host.sweepGroups()
	if r.cmd.Watcher != nil {
		r.drained = make(chan struct{})
		go func() {
			defer close(r.drained)
			r.drain(nil)
		}()
		status, err = r.cmd.Watcher.Wait(init)
		if err != nil {
			return 0, fmt.Errorf("record: %w", err)
		}
		r.reaped()
		return status, nil
	}
	r.drain(r.leave)
	if !r.last {
		if err := waitFor(init.PID); err != nil {
			return 0, err
		}
	}
	r.reaped()
	var word [4]byte
	if n, _ := unix.Read(r.status[0], word[:]); n == len(word) {
		return unix.WaitStatus(binary.NativeEndian.Uint32(word[:])), nil
	}
	return unix.WaitStatus(unix.SIGKILL), nil // killed with its init
}

// mapIDs gives the sandbox's user namespace its ids.
func mapIDs(proc, pid int, ids idRange) error {
	line := fmt.Sprintf("0 %d %d\n", ids.base, ids.count)
	for _, name := range [...]string{"uid_map", "gid_map"} {
		if err := writeAt(proc, strconv.Itoa(pid)+"/"+name, line); err != nil {
			return fmt.Errorf("map ids: %w", err)
		}
	}
	return nil
}

// writeAt writes text to a file below the folder dir.
func writeAt(dir int, path, text string) error {
	fd, err := unix.Openat(dir, path, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open %s: %w", path, err)
	}
	defer unix.Close(fd)
	if _, err := unix.Write(fd, []byte(text)); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// openStreams makes the pipes between the sandbox and us.
func (r *running) openStreams() error {
	if err := r.pipe(&r.goOn, 0); err != nil {
		return err
	}
	// What is in these was written before the end of a process told to look.
	for _, p := range []*[2]int{&r.report, &r.status} {
		if err := r.pipe(p, unix.O_NONBLOCK); err != nil {
			return err
		}
	}
	if t := r.cmd.Terminal; t != 0 {
		for i := range r.stdio {
			fd, err := unix.FcntlInt(uintptr(t-1), unix.F_DUPFD_CLOEXEC, 3)
			if err != nil {
				return fmt.Errorf("use terminal: %w", err)
			}
			r.stdio[i] = fd
			r.later(func() { closeFD(&r.stdio[i]) })
		}
	} else if err := r.openPipes(); err != nil {
		return err
	}
	return nil
}

func (r *running) openPipes() error {
	var in [2]int
	if err := r.pipe(&in, 0); err != nil {
		return err
	}
	// Three pipes in one array of ends, the sandbox's and ours.
	r.stdio[0], in[0] = in[0], -1
	r.later(func() { closeFD(&r.stdio[0]) })
	if r.cmd.Stdin != nil {
		if err := unix.SetNonblock(in[1], true); err != nil {
			return fmt.Errorf("make pipe: %w", err)
		}
		r.in = os.NewFile(uintptr(in[1]), "stdin")
		in[1] = -1
		r.later(func() { r.in.Close() })
		go func() {
			io.Copy(r.in, r.cmd.Stdin) // ends with the sandbox: EPIPE, or closed by us
			r.in.Close()
		}()
	} else {
		closeFD(&in[1])
	}
	for i, live := range [...]io.Writer{r.cmd.Stdout, r.cmd.Stderr} {
		var p [2]int
		if err := r.pipe(&p, 0); err != nil {
			return err
		}
		if err := unix.SetNonblock(p[0], true); err != nil {
			return fmt.Errorf("make pipe: %w", err)
		}
		r.stdio[i+1], p[1] = p[1], -1
		r.later(func() { closeFD(&r.stdio[i+1]) })
		r.out = append(r.out, &capture{fd: p[0], keep: r.cmd.Limits.Output, live: live})
	}
	for i, fd := range r.stdio {
		var st unix.Stat_t
		if err := unix.Fstat(fd, &st); err != nil {
			return fmt.Errorf("make pipe: %w", err)
		}
		r.streams[i] = st.Ino
		// Else /dev/stdout, which opens the pipe anew, would be refused.
		if err := unix.Fchown(fd, r.host.ids.base, r.host.ids.base); err != nil {
			return fmt.Errorf("make pipe: %w", err)
		}
	}
	return nil
}
