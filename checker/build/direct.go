package build

import (
	"bytes"
	"context"
	"fmt"
	"go/version"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"pidone/checker/sandbox"
)

// Most submissions are one folder that imports nothing but Go's own library and the
// kit's modules. For these the go command would find out what is known already, compile and
// link, which takes it as long again. With a Stock the compiler and the linker
// are called as it would call them. Only what compiles without a word is taken
// from that: for all else the go command is asked as ever, so that no message is
// another one. The program is the same to the byte, which a test holds.

// A direct is what compiler and linker are told.
type direct struct {
	config  string   // where packages are
	modinfo string   // what debug.ReadBuildInfo is to read
	files   []string // names of the Go files
	lang    string   // "go1.26"
	version string   // of the toolchain
}

// planDirect returns nil unless a submission is of the plain kind.
func planDirect(req Request, src *Source, p Paths) *direct {
	lang := version.Lang(req.Tools.Version)
	plain := req.Stock != nil && src.Package == "." &&
		version.Lang("go"+src.Module.Go) == lang // else it has GODEBUG settings of its own
	if !plain {
		return nil
	}
	d := &direct{lang: lang, version: req.Tools.Version, modinfo: modinfo(src.Module, req.Stock.modules(src.Imports))}
	for i, f := range src.Files {
		if path.Dir(f.Path) != "." || path.Ext(f.Path) != ".go" ||
			bytes.Contains(f.Data, []byte("//go:embed")) || bytes.Contains(f.Data, []byte("//go:debug")) {
			return nil
		}
		// The go command refuses names that differ only in case.
		if slices.ContainsFunc(src.Files[:i], func(o File) bool { return strings.EqualFold(o.Path, f.Path) }) {
			return nil
		}
		d.files = append(d.files, "./"+f.Path)
	}
	var ok bool
	if d.config, ok = req.Stock.config(src.Imports, p.Cache); !ok {
		return nil
	}
	return d
}

// modinfo is the text that the go command gives the linker, between marks that
// runtime/debug looks for. In a workspace no module has a version.
func modinfo(m Module, modules []string) string {
	info := debug.BuildInfo{
		Path: m.Path,
		Main: debug.Module{Path: m.Path, Version: "(devel)"},
		Settings: []debug.BuildSetting{
			{Key: "-buildmode", Value: "exe"}, {Key: "-compiler", Value: "gc"}, {Key: "-ldflags", Value: ldflags},
			{Key: "CGO_ENABLED", Value: "0"}, {Key: "GOARCH", Value: runtime.GOARCH}, {Key: "GOOS", Value: runtime.GOOS},
			archSetting(),
		},
	}
	for _, path := range modules {
		info.Deps = append(info.Deps, &debug.Module{Path: path, Version: "(devel)"})
	}
	const start, end = "0w\xaf\f\x92t\b\x02A\xe1\xc1\a\xe6\xd6\x18\xe6", "\xf92C1\x86\x18 r\x00\x82B\x10A\x16\xd8\xf2"
	return start + info.String() + end
}

func archSetting() debug.BuildSetting {
	if runtime.GOARCH == "arm64" {
		return debug.BuildSetting{Key: "GOARM64", Value: "v8.0"}
	}
	return debug.BuildSetting{Key: "GOAMD64", Value: "v1"}
}

// directly compiles and links in two sandboxes, with command made for each. It
// returns nil where the go command has to be asked.
func (d *direct) directly(ctx context.Context, job *Job, p Paths, command func(argv ...string) sandbox.Command, run func(context.Context, sandbox.Command) (*sandbox.Result, error)) (*JobResult, error) {
	tool := func(name string) string {
		return filepath.Join(job.Tools.Root, "pkg", "tool", runtime.GOOS+"_"+runtime.GOARCH, name)
	}
	const (
		config = "/direct/importcfg"
		object = "/direct/main.a"
	)
	out := path.Join(path.Dir(p.Program), "main.a")
	compile := command(append([]string{tool("compile"), "-o", out, "-trimpath", p.Temp + "=>", "-p", "main", "-lang=" + d.lang, "-complete",
		"-buildid", "", "-goversion", d.version, "-c=1", "-nolocalimports", "-importcfg", config, "-pack"}, d.files...)...)
	compile.Files = append(compile.Files, sandbox.File{Path: config, Data: []byte(d.config), Mode: 0o644})
	compile.Outputs = []string{out}
	for _, f := range job.Files {
		compile.Files = append(compile.Files, sandbox.File{Path: path.Join(p.Source, f.Path), Data: f.Data, Mode: 0o644})
	}
	compiled, res, err := silently(ctx, compile, run)
	if err != nil || compiled == nil {
		return res, err
	}
	link := command(tool("link"), "-o", p.Program, "-importcfg", config, "-buildmode=exe", "-s", "-w", "-buildid=", object)
	link.Files = append(link.Files, sandbox.File{Path: config, Data: fmt.Appendf(nil, "%smodinfo %q\n", d.config, d.modinfo), Mode: 0o644},
		sandbox.File{Path: object, Data: compiled, Mode: 0o644})
	link.Outputs = []string{p.Program}
	program, res, err := silently(ctx, link, run)
	if err != nil || program == nil {
		return res, err
	}
	res = &JobResult{Source: p.Source, ProgramSize: int64(len(program))}
	if res.ProgramSize <= job.Limits.Program {
		res.Program = program
	}
	return res, nil
}

// silently runs a tool and returns the file that it made, if it said nothing.
// Where it reached a limit, which the go command would too, there is a result.
func silently(ctx context.Context, cmd sandbox.Command, run func(context.Context, sandbox.Command) (*sandbox.Result, error)) ([]byte, *JobResult, error) {
	res, err := run(ctx, cmd)
	if err != nil {
		return nil, nil, fmt.Errorf("compile: %w", err)
	}
	if res.TimedOut || res.OutOfMemory {
		return nil, &JobResult{Code: -1, TimedOut: res.TimedOut, CPU: res.CPU, OutOfMemory: res.OutOfMemory}, nil
	}
	if !res.Status.Exited() || res.Status.ExitStatus() != 0 || res.Stdout.Total+res.Stderr.Total > 0 || len(res.Outputs) != 1 || len(res.Outputs[0]) == 0 {
		return nil, nil, nil
	}
	return res.Outputs[0], nil, nil
}
