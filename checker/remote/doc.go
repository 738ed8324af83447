// Package remote has runs recorded on another machine: a Client on this side of
// a stream, Serve on the other.
//
// It promises the same evidence as a recorder on this machine would give, and
// that a stream that ends, or an answer that does not come in time, is told
// apart from what the run was (ErrLost). Several runs may be under way at once.
// It does not promise to withstand the other machine: that is ours, and what it
// runs is in a sandbox there.
//
// The stream carries gob values both ways: requests, and replies in whatever
// order they are ready. Evidence crosses as the JSON that it is kept in.
package remote

import (
	"errors"

	"pidone/checker/build"
	"pidone/checker/evidence"
	"pidone/checker/sandbox"
	"pidone/checker/trace"
)

// ErrLost is wrapped by errors that say that no answer came.
var ErrLost = errors.New("the other machine does not answer")

// Options say how a run is recorded.
type Options struct {
	// Inject is made to happen, if not nil.
	Inject *evidence.Inject
	// Image and Input are as in trace.Options.
	Image *trace.Image
	Input string
	// Internet gives the host one: trace.Options.
	Internet bool
	// Lines, if not nil, resolves the lines of Command.Path, which must be among
	// Command.Files.
	Lines *build.Origin
	// Root runs it as the machine's root, in no user namespace: see sandbox.OpenRoot.
	Root bool
}

// request is one of six, by which field is not nil.
type request struct {
	ID    uint64
	Run   *run
	Open  *Terminal
	Try   *try
	Exec  *Program
	Put   *file
	Probe *struct{}
}

type file struct {
	Path string
	Data []byte
}

type run struct {
	Command sandbox.Command
	Options Options
	Pieces  []piece // of Command
}

// try is a command in a sandbox on the terminal that was opened.
type try struct {
	Command  sandbox.Command
	Internet bool // as internet.Options.Plain has it
	Root     bool // as in Options
}

// Terminal is a terminal of the other machine.
type Terminal struct {
	Path          string // "/dev/hvc0"
	Rows, Columns int
	// Plain is for whoever is no terminal on this side: nothing is echoed, and
	// what is written stays as it is.
	Plain bool
}

// Program is something to run on the other machine outside of any sandbox: a
// test of the kit's, or a person's shell.
type Program struct {
	Path string // absolute; it is there
	Args []string
	Env  []string // added to the server's
	Dir  string
	// Terminal says that the terminal which was opened becomes its standard
	// streams and controlling terminal.
	Terminal bool
}

// Output is what came of a Program, or of a command in a sandbox.
type Output struct {
	Text   []byte // of both streams, where there is no terminal
	Status int    // exit status; 128 and more: killed by that signal

	OutOfMemory, OutOfPIDs bool // as in sandbox.Result
}

type reply struct {
	ID       uint64
	Run      []byte // JSON
	Output   *Output
	Features []sandbox.Feature
	Err      string // why there is none of them
}
