// Package build turns a submission's source folder into a program.
//
// It promises that the folder's Go files, and nothing else, decide what the
// program is: only regular files that lie in the folder are read, never
// through a link; the go command sees a copy of them with a go.mod that is
// written here; it has no network, no cgo, no other toolchain, and nothing of
// the caller's environment; nothing that was compiled is run. Whatever is
// wrong with a submission comes back as a Message that a learner can act on;
// an error from this package is the checker's or the machine's fault.
//
// How it works. Collect opens the folder once and goes from package main to
// the local packages that it imports, so that a root file system or a
// video beside main.go costs nothing. The files are vetted as they are read
// (imports, embeds, directives). A Job then says what to run, with which
// environment, and which folders of the machine it needs to see; an Exec runs
// it. Compiling inside limits, behind the wall of a sandbox, is the Exec's
// part of the promise, not this package's.
package build

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A Request says what to compile.
type Request struct {
	Dir     string     // the submission's folder; with a Tree, only its name in errors
	Tree    Tree       // the submission's files in place of those in Dir; its root is that of their module
	Package string     // folder of package main below the root: "cmd/app"; empty is the root itself
	Kit     string     // the kit's folder: its go.mod says which version of golang.org/x/sys there is
	Allowed []string   // module paths or import paths allowed beyond std and golang.org/x/sys; the kit's go.mod must require them
	Tools   *Toolchain // the go command to use; see FindToolchain
	Exec    Exec       // nil: Plain, which has no sandbox
	Stock   *Stock     // what is compiled already; may be nil
	Limits  Limits     // fields that are zero have their default
}

// Limits bound one compilation.
type Limits struct {
	Time    time.Duration // wall clock; default 60 s
	Memory  int64         // bytes, all processes together where the Exec can tell, else each; default 1.5 GiB
	Output  int           // bytes of messages that are kept, the rest is drained; default 256 KiB
	Program int64         // bytes of the program; default 64 MiB
}

func (l Limits) withDefaults() Limits {
	if l.Time == 0 {
		l.Time = time.Minute
	}
	if l.Memory == 0 {
		l.Memory = 3 << 29
	}
	if l.Output == 0 {
		l.Output = 256 << 10
	}
	if l.Program == 0 {
		l.Program = 64 << 20
	}
	return l
}

// A Result is a program or the reasons why there is none.
type Result struct {
	OK      bool       `json:"ok"`
	Errors  []Message  `json:"errors"` // never nil; empty exactly when OK
	Program []byte     `json:"-"`      // a static ELF executable, only if OK
	Lines   *LineTable `json:"-"`      // of Program, only if OK
	// Cold is what Warm, or the Stock, should be given, once nobody waits:
	// packages that had to be compiled because they were not in the user's build
	// cache, or that the Stock does not know.
	Cold []string `json:"-"`
	// OutOfTime: Limits.Time was reached, when what was still compiling had had
	// the CPUs for so long.
	OutOfTime bool          `json:"-"`
	CPU       time.Duration `json:"-"`
	// Sources are the files that were compiled, embedded ones too, sorted by
	// path; nil if none were, because they are refused.
	Sources []File `json:"-"`
}

// A Message says one thing that is wrong with a submission's source. Text is
// valid UTF-8, but may hold what the source holds: escape it before showing.
type Message struct {
	File string `json:"file"` // relative to the submission's root, with slashes; empty if it is about no file
	Line int    `json:"line"` // from 1; 0: unknown
	Col  int    `json:"col"`  // in bytes, from 1; 0: unknown
	Text string `json:"text"` // may have several lines
}

func (m Message) String() string {
	var b strings.Builder
	if m.File != "" {
		b.WriteString(m.File)
		if m.Line > 0 {
			fmt.Fprintf(&b, ":%d", m.Line)
		}
		if m.Line > 0 && m.Col > 0 {
			fmt.Fprintf(&b, ":%d", m.Col)
		}
		b.WriteString(": ")
	}
	b.WriteString(m.Text)
	return b.String()
}

// ErrUsage is wrapped by errors that say that Request.Dir is no folder.
var ErrUsage = errors.New("no such submission")

// Build compiles a submission. What is wrong with the submission is in the
// Result; an error means that it could not be told whether it compiles. An
// error that wraps ErrUsage means that there is no such folder.
func Build(ctx context.Context, req Request) (*Result, error) {
	if req.Tools == nil {
		return nil, fmt.Errorf("build %s: no toolchain given", req.Dir)
	}
	src, msgs, err := Collect(req)
	if err != nil {
		return nil, err
	}
	if len(msgs) > 0 {
		return &Result{Errors: capMessages(msgs)}, nil
	}
	run := req.Exec
	if run == nil {
		run = Plain
	}
	job := Plan(req, src)
	res, err := run(ctx, job)
	if err != nil {
		return nil, fmt.Errorf("compile %s: %w", req.Dir, err)
	}
	result, err := judge(req, src, job, res)
	if err == nil {
		result.Sources = src.Files
	}
	return result, err
}

func judge(req Request, src *Source, job *Job, res *JobResult) (*Result, error) {
	out := parseOutput(res.Messages, src, job, res.Source)
	cold := coldPackages(out.compiled, src)
	if req.Stock != nil && !req.Stock.has(src.Imports) {
		cold = src.Imports
	}
	fail := func(format string, args ...any) (*Result, error) {
		m := Message{Text: fmt.Sprintf(format, args...)}
		return &Result{Errors: []Message{m}, Cold: cold}, nil
	}
	limits := job.Limits
	switch {
	case res.TimedOut:
		r, err := fail("compiling took more than %v and was stopped", limits.Time)
		r.OutOfTime, r.CPU = true, res.CPU
		return r, err
	case res.OutOfMemory || out.outOfMemory:
		return fail("compiling took more than %d MiB of memory and was stopped", limits.Memory>>20)
	case res.DiskFull:
		return fail("compiling took more disk space than there is for it and was stopped")
	case res.Code == 0 && res.ProgramSize > limits.Program:
		return fail("the program is larger than %d MiB", limits.Program>>20)
	case res.Code == 0 && len(res.Program) == 0:
		return nil, fmt.Errorf("compile %s: go build made no program: %s", req.Dir, out.firstOther())
	case res.Code == 0:
		return &Result{
			OK: true, Errors: []Message{}, Cold: cold,
			Program: res.Program, Lines: newLineTable(res.Program, res.Source, src.names()),
		}, nil
	case len(out.messages) == 0:
		return nil, fmt.Errorf("compile %s: go build: exit status %d: %s", req.Dir, res.Code, out.firstOther())
	}
	return &Result{Errors: capMessages(out.messages), Cold: cold}, nil
}

const (
	maxMessages = 20
	maxText     = 1000 // bytes of one message's text
)

// capMessages keeps what a person would read of them.
func capMessages(msgs []Message) []Message {
	more := len(msgs) - maxMessages
	if more > 0 {
		msgs = msgs[:maxMessages:maxMessages]
	}
	for i := range msgs {
		msgs[i].Text = cutText(msgs[i].Text)
	}
	if more > 0 {
		msgs = append(msgs, Message{Text: fmt.Sprintf("and %d more", more)})
	}
	return msgs
}

func cutText(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + " ... (cut)"
}
