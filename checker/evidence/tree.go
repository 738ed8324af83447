package evidence

import (
	"fmt"
	"strconv"
)

// First returns the submission's first process, or nil if it never started.
func (r *Run) First() *Process {
	if len(r.Processes) == 0 {
		return nil
	}
	return r.Processes[0]
}

// Process returns the process with that ID, or nil.
func (r *Run) Process(id int) *Process {
	if id < 0 || id >= len(r.Processes) {
		return nil
	}
	return r.Processes[id]
}

// Made tells whether the process with ID a made the process with ID b,
// directly or through others. No process made itself.
func (r *Run) Made(a, b int) bool {
	for p := r.Process(b); p != nil && p.Creator >= 0 && p.Creator < p.ID; p = r.Process(p.Creator) {
		if p.Creator == a {
			return true
		}
	}
	return false
}

// PIDSelf returns the pid that getpid(2) gives the process, or 0 if it is not known.
func (p *Process) PIDSelf() int {
	if len(p.PIDs) == 0 {
		return 0
	}
	return p.PIDs[len(p.PIDs)-1]
}

// Path is where the process whose way it is finds it in its /proc.
func (w *Way) Path() string {
	process, link := "self", "root"
	switch {
	case w.FD >= 0:
		link = fmt.Sprintf("fd/%d", w.FD)
	case w.PID == 0 || w.Dir:
		link = "cwd"
	}
	if w.PID > 0 {
		process = strconv.Itoa(w.PID)
	}
	if w.Thread > 0 {
		link = fmt.Sprintf("task/%d/%s", w.Thread, link)
	}
	return "/proc/" + process + "/" + link
}

// New tells whether the process, when it ended, was in a namespace of that type
// ("uts") which is not the host's. It is false where the kernel did not tell.
func (h *Host) New(s State, kind string) bool {
	was, is := h.Namespaces[kind], s.Namespaces[kind]
	return was != 0 && is != 0 && was != is
}

// HostnameOf returns the last hostname that a UTS namespace was seen to have
// before or at seq, and whether it was seen at all.
func (r *Run) HostnameOf(uts uint64, seq int) (string, bool) {
	name, ok := "", false
	for _, n := range r.Names {
		if n.Seq > seq {
			break
		}
		if n.UTS == uts {
			name, ok = n.Name, true
		}
	}
	return name, ok
}

// Had tells whether a UTS namespace was seen with that hostname at or before seq.
func (r *Run) Had(uts uint64, name string, seq int) bool {
	for _, n := range r.Names {
		if n.Seq > seq {
			return false
		}
		if n.UTS == uts && n.Name == name {
			return true
		}
	}
	return false
}
