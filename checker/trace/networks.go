package trace

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// Networks are looked at by other threads than the recorder's (Internet.Look):
// this one stays in the network namespace that it has always been in.

// nets is what the recorder has of the host's network, in runs with an internet.
type nets struct {
	host  int // descriptor of its namespace; -1: none
	looks int // at other programs than the payload
}

func (n *nets) close() {
	if n.host >= 0 {
		closeRaw(n.host)
		n.host = -1
	}
}

// resolvFile says which name server a machine asks.
const resolvFile = "/etc/resolv.conf"

// maxResolv is how much of a resolv.conf is kept, in bytes.
const maxResolv = 4096

// hostBefore looks at the host's network before anything of the submission runs.
func (r *Recorder) hostBefore() (err error) {
	if r.opts.Internet == nil {
		return nil
	}
	if r.net.host, err = r.proc.open(r.init.PID, "ns/net", unix.O_RDONLY); err != nil {
		return fmt.Errorf("open the host's network namespace: %w", err)
	}
	before, err := r.opts.Internet.Look(r.net.host, r.net.host, false)
	if err != nil {
		return err
	}
	r.run.Host.Internet = &evidence.Internet{Before: *before}
	return nil
}

// hostAfter looks at it when every process is gone. What the recorder holds of
// containers must not keep it as it is; but the kernel takes down what nobody
// holds in its own time, so that an interface may be there which is on its way:
// one of which the other end is in another namespace.
func (r *Recorder) hostAfter() {
	if r.net.host < 0 {
		return
	}
	r.looks.release("mnt", "net")
	after, err := r.opts.Internet.Look(r.net.host, r.net.host, r.ranTables())
	if err != nil {
		r.fail(err)
		return
	}
	r.run.Host.Internet.After = *after
}

// ranTables tells whether a tool for ip_tables was executed: iptables-legacy(8).
func (r *Recorder) ranTables() bool {
	return slices.ContainsFunc(r.run.Processes, func(p *evidence.Process) bool {
		return slices.ContainsFunc(p.Execs, func(e evidence.Exec) bool { return strings.Contains(path.Base(e.Path), "tables") })
	})
}

// maxLooks is how many programs' networks are looked at in a run, besides the
// payload's: tools such as ip(8) may be executed many times.
const maxLooks = 24

// networksAt is networks for a program that has just been executed, if it is the
// payload or in another network namespace than the host.
func (r *Recorder) networksAt(t *task, payload bool) *evidence.Networks {
	if r.opts.Internet == nil {
		return nil
	}
	if !payload {
		r.refresh(t)
		if t.spaces[netKind] == r.host[netKind] || r.net.looks >= maxLooks {
			return nil
		}
		r.net.looks++
	}
	return r.networks(t.tid)
}

// networks looks at the network of a process that is stopped, and at the host's.
func (r *Recorder) networks(pid int) *evidence.Networks {
	ns, err := r.proc.open(pid, "ns/net", unix.O_RDONLY)
	if err == unix.ENOENT || err == unix.ESRCH {
		return nil // it was killed
	}
	if err != nil {
		r.fail(fmt.Errorf("open network namespace of %d: %w", pid, err))
		return nil
	}
	defer closeRaw(ns)
	n := &evidence.Networks{}
	if n.Own, err = r.opts.Internet.Look(ns, r.net.host, false); err == nil {
		n.Host, err = r.opts.Internet.Look(r.net.host, r.net.host, false)
	}
	if err != nil {
		r.fail(err)
		return nil
	}
	n.Resolv, n.HostResolv = r.resolvOf(pid), r.resolvOf(r.init.PID)
	return n
}

// resolvOf reads resolvFile as a process would.
func (r *Recorder) resolvOf(pid int) string {
	root, err := r.proc.open(pid, "root", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return ""
	}
	defer closeRaw(root)
	how := unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | unix.RESOLVE_NO_MAGICLINKS}
	at, err := unix.Openat2(root, resolvFile[1:], &how)
	if err != nil {
		return ""
	}
	defer closeRaw(at)
	return printable(string(r.contentOf(at, maxResolv)))
}
