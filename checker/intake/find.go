package intake

import (
	"bytes"
	gobuild "go/build"
	"go/parser"
	"go/token"
	"io"
	"path"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/mod/module"

	"pidone/checker/build"
)

// A program is a folder with a package main.
type program struct {
	folder string // in the entry
	root   string // of its module, in the entry
	broken bool   // no file of it says which package it is: the compiler will say why
}

// A found is what the Go files of an entry came to.
type found struct {
	programs []program
	other    []string // Go files of other packages, of tests and for other systems, with what they are
}

// choose finds the one program that is wanted; the rules are in the package
// comment.
func (l *loader) choose(want Wanted) (program, error) {
	all := l.programs()
	names := namesOf(want)
	fit, foreign := all.programs, []program(nil)
	fit = slices.DeleteFunc(slices.Clone(fit), func(p program) bool {
		if names.otherID(p.folder) || names.solution(p.folder) {
			foreign = append(foreign, p)
			return true
		}
		return false
	})
	for _, best := range []func(string) bool{names.inKit, names.named} {
		if some := keep(fit, best); len(some) > 0 {
			fit = some
			break
		}
	}
	fit = names.withoutOthers(fit)
	if whole := slices.DeleteFunc(slices.Clone(fit), func(p program) bool { return p.broken }); len(whole) > 0 {
		fit = whole
	}
	if i := slices.IndexFunc(fit, func(p program) bool { return holdsAll(p.folder, fit) }); i >= 0 {
		fit = fit[i : i+1]
	}
	switch {
	case len(fit) == 1:
		p := fit[0]
		p.root = l.moduleRoot(p.folder)
		return p, nil
	case len(fit) > 1:
		return program{}, several(fit, want)
	}
	return program{}, l.nothing(all, foreign, want)
}

func keep(programs []program, if_ func(folder string) bool) []program {
	return slices.DeleteFunc(slices.Clone(programs), func(p program) bool { return !if_(p.folder) })
}

func holdsAll(folder string, programs []program) bool {
	return !slices.ContainsFunc(programs, func(p program) bool {
		_, below := under(p.folder, folder)
		return p.folder != folder && !below
	})
}

func folders(programs []program) []string {
	var names []string
	for _, p := range programs {
		names = append(names, p.folder)
	}
	slices.Sort(names)
	return names
}

func several(fit []program, want Wanted) *Problem {
	list := folders(fit)
	return &Problem{Kind: Several, Ours: true, List: list,
		Saw: "several programs fit: " + showAll(list), Try: "leave one, or name its folder " + want.Exercise}
}

// nothing says what was found in place of a program.
func (l *loader) nothing(all found, foreign []program, want Wanted) *Problem {
	where := ""
	if l.inner != "" {
		where = " in " + show(path.Base(l.inner))
	}
	slices.Sort(l.others)
	others := slices.Concat(l.others, l.archives, l.sealed)
	switch {
	case len(all.programs) > 0:
		list := folders(all.programs)
		if len(foreign) > 0 {
			list = folders(foreign)
		}
		return &Problem{Kind: NoProgram, List: list, Saw: "programs" + where + " of other exercises alone: " + showAll(list),
			Try: "hand in the folder " + want.Exercise + " with main.go"}
	case len(all.other) > 0:
		return &Problem{Kind: NoProgram, List: all.other, Saw: "Go files" + where + ", but no program: " + showAll(all.other),
			Try: "hand in the folder whose main.go begins with package main"}
	case len(others) > 0:
		return &Problem{Kind: NotGo, List: others, Saw: "no Go file" + where + ", only " + showAll(others), Try: "hand in the folder with main.go"}
	}
	if len(l.skipped) > 0 {
		slices.Sort(l.skipped)
		return &Problem{Kind: Empty, List: l.skipped, Saw: "no file" + where + " that counts, only " + showAll(l.skipped),
			Try: "hand in the folder with main.go; names that begin with _ or . do not count, nor do vendor and testdata"}
	}
	return &Problem{Kind: Empty, Saw: "no file" + where, Try: "hand in the folder with main.go"}
}

// moduleRoot finds the module that a folder lies in. A folder that no import
// path can name is no part of a module: it is looked at for itself.
func (l *loader) moduleRoot(folder string) string {
	for at := folder; ; at = path.Dir(at) {
		if kind, err := l.tree.Kind(path.Join(at, "go.mod")); err == nil && kind != build.KindFolder || at == folder && err == nil {
			rel, _ := under(folder, at)
			if at == folder || module.CheckImportPath("m/"+rel) == nil {
				return at
			}
			return folder
		}
		if at == "." {
			return folder
		}
	}
}

// programs looks at all Go files.
func (l *loader) programs() found {
	var all found
	dirs := make([]string, 0, len(l.goFiles))
	for dir := range l.goFiles {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	for _, dir := range dirs {
		slices.Sort(l.goFiles[dir])
		names := slices.Compact(l.goFiles[dir]) // a tar archive may hold a name twice
		main, broken, other := false, false, false
		for _, base := range names {
			switch pkg, ok := l.packageOf(dir, base); {
			case pkg == "main" && ok:
				main = true
			case pkg == "" && ok:
				broken = true
			default:
				other = other || ok
				all.other = append(all.other, path.Join(dir, base)+whatElse(base, pkg, ok))
			}
		}
		if main || broken && !other {
			all.programs = append(all.programs, program{folder: dir, broken: !main})
		}
	}
	return all
}

func whatElse(base, pkg string, ok bool) string {
	switch {
	case strings.HasSuffix(base, "_test.go"):
		return " (a test)"
	case !ok:
		return " (not for " + runtime.GOOS + ")"
	}
	return " (package " + pkg + ")"
}

// packageOf returns the package that a file says it belongs to, "" if it does
// not say; ok is false for a file that is none of a program for this system.
func (l *loader) packageOf(dir, base string) (pkg string, ok bool) {
	if strings.HasSuffix(base, "_test.go") {
		return "", false
	}
	data, err := l.tree.Read(path.Join(dir, base), l.limits.File)
	if err != nil {
		return "", true // a link, say: the compiler's part is to refuse it
	}
	file, err := parser.ParseFile(token.NewFileSet(), base, data, parser.PackageClauseOnly)
	if err != nil || file.Name == nil {
		return "", true
	}
	ctx := gobuild.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = runtime.GOOS, runtime.GOARCH, false
	ctx.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	match, err := ctx.MatchFile(".", base)
	return file.Name.Name, match || err != nil
}
