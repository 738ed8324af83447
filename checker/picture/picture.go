// Package picture works out what is drawn of a run, for all who draw it: the
// processes, each under the one that made it, with what they asked of the
// kernel and what it answered; and a frame around what lives in other
// namespaces than what is around it.
//
// It is pure, and it promises bounds: however many processes and calls a
// recording has, a picture shows few, and counts the rest; of many that do the same,
// a few. Processes of the Go runtime's own are left out.
package picture

import (
	"fmt"

	"pidone/checker/evidence"
)

// A Picture is what is drawn of one run. All its texts are visible ones.
type Picture struct {
	Hostname  string  // of the host, at the start
	Host      []Space // the host's PID and UTS namespaces, as far as they are known
	First     *Frame  // the first process; nil: nothing ran
	Processes int     // how many there were, drawn or not
	Last      int     // the largest Call.Number
	Ending    []Note  // how the run as a whole went
}

// A Frame is a process and what it did, or, where Process.Continues, what it
// did from a moment on.
type Frame struct {
	Title   string  // names the namespaces: "new PID and UTS namespaces"
	Spaces  []Space // that differ from those of what is around it; none: no box is drawn
	Process Process
	Rows    []Row
}

// A Space is one namespace.
type Space struct {
	Kind  string // "pid", as in evidence.Namespaces; empty for one that is not known
	Name  string // "PID"
	Inode uint64
	About string // what it is for, or whose it is
	Fresh bool   // it was in no frame above and is not the host's
}

// A Process is the head of a frame.
type Process struct {
	Name      string // "the first process", "the child", "process 3"
	Continues bool   // the frame goes on with it; nothing more is filled in then
	Program   string // what it executed, with its arguments
	PIDs      []int  // from the host inwards; the last is what getpid(2) returns; none: not known
	Hostname  string // when it was made; empty: not known
	Renamed   string // what the hostname was at its end, if it was another
}

// A Row is one of: a call, a frame (of the process that the row before made, or
// of what a process did elsewhere), a note.
type Row struct {
	Call  *Call
	Frame *Frame
	Note  *Note
}

// A Call is a system call and what came of it, several writes in a row, or
// (Name is empty) the end of a process.
type Call struct {
	Number  int    // its place in the order of all calls, from 1
	Name    string // "clone"
	Asked   string // what was asked for; how the process ended
	Answer  string // the kernel's; empty: there is none to tell
	Tone    Tone   // of all of it
	Written []string
	Cut     bool   // more was written than Written has
	Sees    []Note // what the program that it executed could reach
	At      string // the line of the submission that led to it: "main.go:31"
}

// A Note says something of a run, or that something is not drawn.
type Note struct {
	Text  string
	Tone  Tone
	Count bool // it counts what is not drawn
}

// A Tone says how a text is meant.
type Tone string

// The tones.
const (
	Plain Tone = ""
	Faint Tone = "faint" // beside the point
	Warn  Tone = "warn"  // out of the ordinary
	Bad   Tone = "bad"   // it failed, or did harm
)

// What is drawn of a long run.
const (
	maxProcesses = 24
	maxNesting   = 6    // frames within frames
	maxCalls     = 160  // of all processes
	maxOwnCalls  = 30   // of one
	maxBytes     = 4096 // of what was written at once
	maxFlags     = 32
	maxText      = 200 // bytes of a text of the submission's, but of what it wrote
)

// New returns what is drawn of a run. child is what the scenarios take for the
// child; it may be nil. see makes a text visible. New returns an error for a
// recording that no recorder makes.
func New(run *evidence.Run, child *evidence.Process, see func(string) string) (*Picture, error) {
	if err := Sound(run); err != nil {
		return nil, err
	}
	b := newBuilder(run, child, see)
	p := &Picture{Hostname: b.short(run.Host.Hostname), Last: b.last, Processes: len(b.names)}
	for _, inode := range run.Host.Namespaces {
		b.seen[inode] = true
	}
	for _, kind := range []string{"pid", "uts"} {
		if inode := run.Host.Namespaces[kind]; inode != 0 {
			p.Host = append(p.Host, Space{Kind: kind, Name: kindName(kind), Inode: inode})
		}
	}
	if first := run.First(); first != nil {
		p.First = b.process(first, scope{run.Host.Namespaces, 0})
	}
	p.Ending = b.ending()
	return p, nil
}

// Sound returns an error for a recording that no recorder makes: it does not keep
// what package evidence promises. Who reads recordings from files asks before
// anything else does something with them.
func Sound(run *evidence.Run) error {
	for i, p := range run.Processes {
		if p == nil || p.ID != i || i > 0 && p.Creator >= i {
			return fmt.Errorf("draw the run: process %d of the recording makes no sense", i)
		}
	}
	for i, e := range run.Events {
		if e == nil || run.Process(e.Process) == nil {
			return fmt.Errorf("draw the run: event %d of the recording makes no sense", i)
		}
	}
	return nil
}
