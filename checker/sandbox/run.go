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
	undo []func() // in order of acquisition; run backwards

	stdio   [3]int // the sandbox's ends
	streams [3]uint64
	in      *os.File    // our end of its standard input, if somebody writes there
	out     [2]*capture // of its standard output and error
	goOn    [2]int      // pipe: init waits for a byte on [0]; its end says that we are gone
	report  [2]int      // pipe: what failed in the script
	status  [2]int      // pipe: the first process's wait status
	outputs []int       // memfds for Command.Outputs

	timedOut atomic.Bool
	effort   effort // at the time limit, if it was reached
	kill     func()
}

func (r *running) later(f func()) { r.undo = append(r.undo, f) }

func (r *running) cleanUp() {
	for i := len(r.undo) - 1; i >= 0; i-- {
		r.undo[i]()
	}
}

// pipe makes a pipe whose ends are closed on clean-up, if they are not before.
func (r *running) pipe(p *[2]int) error {
	if err := unix.Pipe2(p[:], unix.O_CLOEXEC); err != nil {
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

// run takes the sandbox's group from grouped, where it comes in any case.
func (h *Host) run(ctx context.Context, cmd *Command, grouped <-chan grouping) (_ *Result, err error) {
	r := &running{host: h, cmd: cmd}
	defer r.cleanUp()
	group := sync.OnceValue(func() grouping { return <-grouped })
	r.later(func() {
		if g := group().group; g != nil {
			g.release()
		}
	})
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
	if err := b.build(); err != nil {
		return nil, err
	}
	prog, err := filter(append(refused(), cmd.Rules...))
	if err != nil {
		return nil, err
	}
	gr := group().group
	if err := group().err; err != nil {
		return nil, err
	}
	s, err := r.script(&b, gr, prog)
	if err != nil {
		return nil, err
	}
	args := cloneArgs{flags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET}
	if !h.root {
		args.flags |= unix.CLONE_NEWUSER
	}
	if gr != nil && gr.into >= 0 {
		args.flags |= unix.CLONE_INTO_CGROUP
		args.cgroup = uint64(gr.into)
	}
	pid, pidfd, err := s.start(args, r.report[1])
	if err != nil {
		return nil, fmt.Errorf("make namespaces: %w", err)
	}
	r.later(func() { unix.Close(pidfd) })
	var reaped bool
	r.later(func() {
		if !reaped {
			unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
			waitFor(pid)
		}
	})
	for i := range r.stdio {
		closeFD(&r.stdio[i])
	}
	closeFD(&r.goOn[0])
	closeFD(&r.report[1])
	closeFD(&r.status[1])
	if gr != nil {
		gr.closeJoin()
	}
	if !h.root {
		if err := mapIDs(proc, pid, h.ids); err != nil {
			return nil, err
		}
	}
	if !gr.limited() {
		// Memory that no process owns, such as a tmpfs, is not limited then.
		// Let the machine at least take the sandbox's processes first.
		_ = writeAt(proc, strconv.Itoa(pid)+"/oom_score_adj", "1000")
	}

	var once sync.Mutex // the descriptor must not be closed, and used again, while it is signalled
	closed := false
	r.kill = func() {
		once.Lock()
		defer once.Unlock()
		if !closed {
			unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0)
		}
	}
	r.later(func() { once.Lock(); closed = true; once.Unlock() })

	start := time.Now()
	status, err := r.follow(ctx, &Init{
		PID: pid, Proc: proc, Streams: r.streams, Program: cmd.Path,
		Kill: r.kill, TimedOut: r.timedOut.Load,
	}, &reaped)
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
		res.CPU, res.Waited = r.effort.cpu, r.effort.waited
	}
	for i, c := range r.out {
		if c != nil {
			[]*Stream{&res.Stdout, &res.Stderr}[i].set(c)
		}
	}
	collect()
	if gr.limited() {
		res.OutOfMemory, res.OutOfPIDs = gr.hits()
	}
	if res.Changes, err = b.changes(); err != nil {
		return nil, err
	}
	for _, fd := range r.outputs {
		res.Outputs = append(res.Outputs, readAll(fd))
	}
	return res, nil
}

// follow lets init go on and waits until it has ended.
func (r *running) follow(ctx context.Context, init *Init, reaped *bool) (status unix.WaitStatus, err error) {
	if r.cmd.Watcher != nil {
		if err := r.cmd.Watcher.Attach(init); err != nil {
			return 0, fmt.Errorf("attach recorder: %w", err)
		}
	}
	follower := unix.Gettid()
	defer after(r.cmd.Limits.Time, func() {
		r.effort = effortOf(init.Proc, init.PID, follower)
		r.timedOut.Store(true)
		r.kill()
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
	if r.cmd.Watcher != nil {
		status, err = r.cmd.Watcher.Wait(init)
		if err != nil {
			return 0, fmt.Errorf("record: %w", err)
		}
		*reaped = true
		return status, nil
	}
	if err := waitFor(init.PID); err != nil {
		return 0, err
	}
	*reaped = true
	var word [4]byte
	if n, _ := unix.Read(r.status[0], word[:]); n == len(word) {
		return unix.WaitStatus(binary.NativeEndian.Uint32(word[:])), nil
	}
	return unix.WaitStatus(unix.SIGKILL), nil // killed with its init
}

func waitFor(pid int) error {
	for {
		_, err := unix.Wait4(pid, nil, unix.WALL, nil)
		if err == nil {
			return nil
		}
		if err != unix.EINTR {
			return fmt.Errorf("wait for sandbox: %w", err)
		}
	}
}

// failure returns what the script's process said of a call that failed.
func (r *running) failure(s *script) error {
	var b [16]byte
	n, _ := unix.Read(r.report[0], b[:])
	if n != len(b) {
		return nil
	}
	index := binary.NativeEndian.Uint64(b[:8])
	errno := unix.Errno(binary.NativeEndian.Uint64(b[8:]))
	if index >= uint64(len(s.calls)) {
		return nil
	}
	return fmt.Errorf("%s: %w", s.calls[index].what, errno)
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
	for _, p := range []*[2]int{&r.goOn, &r.report, &r.status} {
		if err := r.pipe(p); err != nil {
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
	for _, path := range r.cmd.Outputs {
		fd, err := unix.MemfdCreate("output", unix.MFD_CLOEXEC)
		if err != nil {
			return fmt.Errorf("make room for %s: %w", path, err)
		}
		r.outputs = append(r.outputs, fd)
		r.later(func() { unix.Close(fd) })
	}
	return nil
}

func (r *running) openPipes() error {
	var in [2]int
	if err := r.pipe(&in); err != nil {
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
	for i := range r.out {
		var p [2]int
		if err := r.pipe(&p); err != nil {
			return err
		}
		if err := unix.SetNonblock(p[0], true); err != nil {
			return fmt.Errorf("make pipe: %w", err)
		}
		r.stdio[i+1], p[1] = p[1], -1
		r.later(func() { closeFD(&r.stdio[i+1]) })
		r.out[i] = newCapture(p[0], r.cmd.Limits.Output, []io.Writer{r.cmd.Stdout, r.cmd.Stderr}[i])
		p[0] = -1
		r.later(r.out[i].stop)
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

func readAll(fd int) []byte {
	var st unix.Stat_t
	if unix.Fstat(fd, &st) != nil || st.Size == 0 {
		return nil
	}
	data := make([]byte, st.Size)
	for n := 0; n < len(data); {
		m, err := unix.Pread(fd, data[n:], int64(n))
		if err != nil || m <= 0 {
			return nil
		}
		n += m
	}
	return data
}
