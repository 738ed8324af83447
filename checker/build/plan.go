package build

import (
	"context"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"time"
)

// A Job is one run of the go command. Everything in it is either a constant,
// the toolchain's, or vetted source.
type Job struct {
	Tools   *Toolchain
	Files   []File   // to be put below Paths.Source; go.mod and perhaps go.work are among them
	Visible []string // folders of the machine that it reads, each to be seen at its own path, read-only
	Cache   string   // the user's build cache, empty if there is none: to be read, never to be written by the job
	Limits  Limits   // all set
	work    bool     // there is a go.work
	pkg     string   // what to build: "." or "./cmd/app"
	args    []string // of the go command, if it is not to build
	direct  *direct  // how to do without the go command; nil: not
}

// Paths tells where an Exec lays out a Job. All are absolute.
type Paths struct {
	Source  string // folder that holds Job.Files; the current directory. It has to be writable
	Program string // file that the program is to be read from
	Cache   string // GOCACHE: starts as what Job.Cache holds, what is written to it is thrown away
	Temp    string // an empty folder for everything else
}

// SandboxPaths is the layout for an Exec that has a root file system of its own.
func SandboxPaths() Paths {
	return Paths{Source: "/src", Program: "/out/program", Cache: "/cache", Temp: "/tmp"}
}

// An Exec runs a Job and brings back the program. It returns an error if the
// go command could not be run at all.
type Exec func(ctx context.Context, job *Job) (*JobResult, error)

// A JobResult is what came of a Job.
type JobResult struct {
	Source      string        // Paths.Source, as it was
	Code        int           // exit status of the go command; -1: a signal ended it
	Messages    []byte        // standard output and error in order, the first Limits.Output bytes
	Cut         bool          // there were more
	Program     []byte        // at most Limits.Program bytes, nil if there is none
	ProgramSize int64         // its real size
	TimedOut    bool          // Limits.Time was reached
	CPU         time.Duration // if TimedOut: what the processes that were there then had had of the CPUs, where the Exec can tell
	OutOfMemory bool          // Limits.Memory was reached
	DiskFull    bool          // a disk limit of the Exec's own was reached
}

// Plan makes the Job that compiles a Source.
func Plan(req Request, src *Source) *Job {
	j := &Job{
		Tools:   req.Tools,
		Visible: slices.Concat(req.Tools.Folders(), src.Modules),
		Limits:  req.Limits.withDefaults(),
		work:    len(src.Modules) > 0,
		pkg:     ".",
	}
	if src.Package != "." && src.Package != "" {
		j.pkg = "./" + src.Package
	}
	if filepath.IsAbs(req.Tools.Cache) {
		j.Cache = req.Tools.Cache
	}
	for _, f := range src.Files {
		if f.Path != "go.mod" && f.Path != "go.work" {
			j.Files = append(j.Files, f)
		}
	}
	j.direct = planDirect(req, src, SandboxPaths())
	j.Files = append(j.Files, File{"go.mod", goModFor(src.Module)})
	if j.work {
		j.Files = append(j.Files, File{"go.work", goWorkFor(req.Tools.Version, src.Modules)})
	}
	return j
}

// Argv is the command; its first element is the go command's path.
//
// There is no -trimpath: with it Go's own packages have another key in the
// build cache than with a plain `go build`, and would be compiled again on a
// fresh machine. -v names on standard error each package that is compiled.
func (j *Job) Argv(p Paths) []string {
	if j.args != nil {
		return append([]string{j.Tools.Go()}, j.args...)
	}
	return []string{j.Tools.Go(), "build", "-v", "-buildvcs=false", "-ldflags=" + ldflags, "-o", p.Program, j.pkg}
}

// ldflags leave out what nobody reads.
const ldflags = "-s -w -buildid="

// Env is the whole environment of the command. HOME is not in it: without it
// the go command keeps no telemetry. The collector sleeps until a process of
// the toolchain nears a quarter of the memory there is, which saves a fifth
// of the time.
func (j *Job) Env(p Paths) []string {
	work := "off"
	if j.work {
		work = path.Join(p.Source, "go.work")
	}
	return []string{
		"PATH=" + filepath.Join(j.Tools.Root, "bin"),
		"GOROOT=" + j.Tools.Root,
		"GOPATH=" + path.Join(p.Temp, "gopath"),
		"GOMODCACHE=" + path.Join(p.Temp, "gopath/pkg/mod"),
		"GOCACHE=" + p.Cache,
		"GOTMPDIR=" + p.Temp,
		"TMPDIR=" + p.Temp,
		"PWD=" + p.Source,
		"GOWORK=" + work,
		"GO111MODULE=on",
		"CGO_ENABLED=0",
		"GOENV=off",
		"GOFLAGS=-mod=readonly",
		"GOPROXY=off",
		"GOSUMDB=off",
		"GOTOOLCHAIN=local",
		"GOTELEMETRY=off",
		"GOGC=off",
		fmt.Sprintf("GOMEMLIMIT=%dMiB", max(j.Limits.Memory>>22, 64)),
	}
}
