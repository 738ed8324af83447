package scenario

import (
	"path"
	"slices"

	"pidone/checker/evidence"
)

// The child
//
// A submission may start many processes. All checks speak of one of them, "the
// child", and of "the container", the processes that belong to it.
//
// The child is chosen among all processes that the submission's first process
// led to: made by it, or by one that it made, and so on. The first process is
// not among them, nor is the throw-away process by which the Go runtime tries
// whether pidfds work.
//
// The child is the one that got furthest towards being a container's first
// process. From furthest to least:
//
//  1. it was pid 1 of a PID namespace other than the host's, and ended in a
//     UTS namespace other than the host's;
//  2. it was pid 1 of a PID namespace other than the host's;
//  3. it ended in a UTS namespace other than the host's;
//  4. it executed the submission's own program again;
//  5. it executed another program;
//  6. anything else.
//
// Of several that got equally far it is the one whose hostname is not the
// host's; of several such, or of none, one that executed a program; and of
// those the one that was made first.
//
// The container is the child and every process in its PID namespace or made by
// one that is in it. Where the child lives in the host's PID namespace, the
// container is the child and every process that came from it.
//
// In a run with an image, where a command was asked for, a tool is no child: a
// process that was in no namespace but the host's, and whose programs were
// neither the submission's own nor the command's, such as iptables(8).
//
// What one process did is never put to another's account: a process that
// prints what a container would print, beside another that lives in namespaces
// of its own, is two processes, and only one of them is the child.

// A rank says how far a process got, from 1 (furthest) to 6.
type rank int

func rankOf(host *evidence.Host, p *evidence.Process) rank {
	pid1 := p.PIDSelf() == 1 && host.New(state(p), "pid")
	uts := host.New(state(p), "uts")
	switch {
	case pid1 && uts:
		return 1
	case pid1:
		return 2
	case uts:
		return 3
	case executedSelf(p) > 0:
		return 4
	case len(p.Execs) > 0:
		return 5
	}
	return 6
}

// Child returns the process of a run that all checks speak of, or nil if the
// first process made none.
func Child(run *evidence.Run) *evidence.Process {
	var best *evidence.Process
	for _, p := range run.Processes {
		if p.ID == 0 || p.Probe || p.Hidden || isTool(run, p) {
			continue
		}
		if best == nil || further(run, p, best) {
			best = p
		}
	}
	return best
}

// isTool tells whether a process is a tool, which is no child.
func isTool(run *evidence.Run, p *evidence.Process) bool {
	asked := commandOf(run.Args)
	if run.Image == nil || len(asked) == 0 {
		return false
	}
	for kind := range run.Host.Namespaces {
		if run.Host.New(p.Born, kind) || run.Host.New(state(p), kind) {
			return false
		}
	}
	for len(p.Execs) == 0 && p.Creator >= 0 {
		p = run.Process(p.Creator) // whose program it runs
	}
	return len(p.Execs) > 0 && !slices.ContainsFunc(p.Execs, func(e evidence.Exec) bool {
		return e.Self || e.Payload || path.Base(e.Path) == path.Base(asked[0])
	})
}

// further tells whether p got further than best, which was made earlier.
func further(run *evidence.Run, p, best *evidence.Process) bool {
	rp, rb := rankOf(&run.Host, p), rankOf(&run.Host, best)
	if rp != rb {
		return rp < rb
	}
	np, nb := state(p).Hostname != run.Host.Hostname, state(best).Hostname != run.Host.Hostname
	if np != nb {
		return np
	}
	return len(p.Execs) > 0 && len(best.Execs) == 0
}

// containerOf returns the IDs of the processes of the child's container.
func containerOf(run *evidence.Run, child *evidence.Process) map[int]bool {
	in := map[int]bool{}
	if child == nil {
		return in
	}
	own := run.Host.New(state(child), "pid")
	pidns := state(child).Namespaces["pid"]
	in[child.ID] = true
	for _, p := range run.Processes {
		if p.ID == 0 || p.Probe || p.Hidden {
			continue
		}
		if in[p.Creator] || own && state(p).Namespaces["pid"] == pidns {
			in[p.ID] = true
		}
	}
	return in
}

// state is what a process was when it ended, completed by what it was when it
// was first seen, where the end could not be read. A process never leaves its
// PID namespace.
func state(p *evidence.Process) evidence.State {
	s := p.Last
	if len(s.Namespaces) == 0 {
		return p.Born
	}
	if s.Hostname == "" && s.Namespaces["uts"] == 0 {
		s.Hostname = p.Born.Hostname
	}
	if s.Namespaces["pid"] == 0 || s.Namespaces["uts"] == 0 {
		merged := evidence.Namespaces{}
		for kind, inode := range p.Born.Namespaces {
			merged[kind] = inode
		}
		for kind, inode := range s.Namespaces {
			if inode != 0 {
				merged[kind] = inode
			}
		}
		s.Namespaces = merged
	}
	return s
}

// executedSelf counts how often a process executed the submission's program.
func executedSelf(p *evidence.Process) int {
	n := 0
	for _, e := range p.Execs {
		if e.Self {
			n++
		}
	}
	return n
}
