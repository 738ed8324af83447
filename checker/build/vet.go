package build

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/module"
)

// vetDirectives returns a Go file in which no line directive is left, so that
// positions tell the truth, and complains of those that reach for the linker.
// The rest of the file, and every position in it, stays what it was.
func vetDirectives(name string, data []byte) ([]byte, []Message) {
	if !bytes.Contains(data, []byte("//line")) && !bytes.Contains(data, []byte("/*line")) &&
		!bytes.Contains(data, []byte("//go:cgo_")) {
		return data, nil
	}
	var msgs []Message
	out := bytes.Clone(data)
	fset := token.NewFileSet()
	file := fset.AddFile(name, -1, len(data))
	var s scanner.Scanner
	s.Init(file, data, nil, scanner.ScanComments)
	for {
		pos, tok, lit := s.Scan()
		if tok == token.EOF {
			return out, msgs
		}
		if tok != token.COMMENT {
			continue
		}
		switch body := lit[2:]; {
		case strings.HasPrefix(body, "line"):
			out[file.Offset(pos)+2] = 'L'
		case strings.HasPrefix(lit, "//go:cgo_"):
			word, _, _ := strings.Cut(lit, " ")
			p := file.PositionFor(pos, false)
			msgs = append(msgs, Message{File: name, Line: p.Line, Col: p.Column,
				Text: word + ": directives for cgo and the linker are not taken"})
		}
	}
}

// refuseCgo complains of the files that belong to a package but for their
// import "C". A file that is for cgo alone (//go:build cgo) does not.
func (c *collector) refuseCgo(ctx *build.Context, dir string, pkg *build.Package, read map[string][]byte) {
	for _, name := range pkg.IgnoredGoFiles {
		if ok, err := ctx.MatchFile(".", name); !ok || err != nil {
			continue
		}
		fset := token.NewFileSet()
		f, _ := parser.ParseFile(fset, name, read[name], parser.ImportsOnly)
		if f == nil {
			continue
		}
		for _, imp := range f.Imports {
			if path, err := strconv.Unquote(imp.Path.Value); err == nil && path == "C" {
				m := at(dir, []token.Position{fset.Position(imp.Pos())})
				m.Text = `import "C": cgo is not taken, the program has to be pure Go`
				c.complain(m)
			}
		}
	}
}

// packageClause returns the place of a file's package clause.
func packageClause(name string, data []byte) Message {
	fset := token.NewFileSet()
	f, _ := parser.ParseFile(fset, name, data, parser.PackageClauseOnly)
	if f == nil || !f.Package.IsValid() {
		return Message{File: name}
	}
	p := fset.PositionFor(f.Package, false)
	return Message{File: name, Line: p.Line, Col: p.Column}
}

// vetImport decides whether a package may be imported, and remembers what is
// needed for it. m holds the place of the import.
func (c *collector) vetImport(imp string, m Message) {
	m.Text = c.importProblem(imp)
	if m.Text != "" {
		c.complain(m)
	}
}

func (c *collector) importProblem(imp string) string {
	first, _, _ := strings.Cut(imp, "/")
	elems := strings.Split(imp, "/")
	switch {
	case imp == "unsafe":
		return ""
	case first == "." || first == ".." || imp == "" || imp[0] == '/' || path.Clean(imp) != imp:
		return fmt.Sprintf("import %q: write it as a path that begins with the module's, %s/...", imp, c.module.Path)
	case c.isStd(imp):
		if slices.Contains(elems, "internal") || first == "vendor" || first == "cmd" {
			return fmt.Sprintf("import %q: this package is internal to Go", imp)
		}
		c.imports[imp] = true
		return ""
	case imp == c.module.Path || strings.HasPrefix(imp, c.module.Path+"/"):
		return c.localProblem(imp)
	}
	mod, ok := c.kit.moduleOf(imp)
	if ok && (mod == sysModule || c.isAllowed(imp, mod)) {
		dir, err := c.kit.dir(mod)
		if err != nil {
			c.modules[mod] = true // closure meets the same error and returns it
			return ""
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(imp, mod), "/")
		if files, _ := filepath.Glob(filepath.Join(dir, filepath.FromSlash(rel), "*.go")); len(files) == 0 {
			return fmt.Sprintf("import %q: there is no such package in %s@%s", imp, mod, c.kit.versions[mod])
		}
		c.modules[mod] = true
		c.imports[imp] = true
		return ""
	}
	if c.outer != "" && strings.HasPrefix(imp, c.outer+"/") {
		return fmt.Sprintf("import %q: this package lies outside of the submission's folder: the submission is the folder with the go.mod of module %s", imp, c.outer)
	}
	if !strings.Contains(first, ".") {
		return fmt.Sprintf("import %q: there is no such package in Go's standard library (%s), and the module here is %s",
			imp, c.tools.Version, c.module.Path)
	}
	return fmt.Sprintf("import %q is not allowed: %s", imp, c.allowedText())
}

func (c *collector) allowedText() string {
	return strings.Join(slices.Concat([]string{"only the standard library", sysModule}, c.allowed), ", ") +
		" and the submission's own packages are"
}

func (c *collector) isAllowed(imp, mod string) bool {
	for _, a := range c.allowed {
		if imp == a || strings.HasPrefix(imp, a+"/") || mod == a {
			return true
		}
	}
	return false
}

// isStd tells whether a package is part of Go, as the go command does: by a
// look at GOROOT/src.
func (c *collector) isStd(imp string) bool {
	first, _, _ := strings.Cut(imp, "/")
	if strings.Contains(first, ".") {
		return false
	}
	is, known := c.std[imp]
	if !known {
		files, err := os.ReadDir(filepath.Join(c.tools.Root, "src", filepath.FromSlash(imp)))
		is = err == nil && slices.ContainsFunc(files, func(e fs.DirEntry) bool {
			return strings.HasSuffix(e.Name(), ".go") && !e.IsDir()
		})
		c.std[imp] = is
	}
	return is
}

// localProblem queues one of the submission's own packages.
func (c *collector) localProblem(imp string) string {
	rel := strings.TrimPrefix(strings.TrimPrefix(imp, c.module.Path), "/")
	if rel == "" {
		rel = "."
	}
	if strings.Count(rel, "/") >= maxDepth {
		return fmt.Sprintf("import %q: it lies more than %d folders deep", imp, maxDepth)
	}
	if module.CheckImportPath(imp) != nil || !isPlainStart(rel[0]) && rel[0] != '.' && rel[0] != '_' {
		return fmt.Sprintf("import %q: no package can have such a path", imp)
	}
	kind, err := c.tree.Kind(rel)
	switch {
	case kind == KindLink:
		return fmt.Sprintf("import %q: %s is a symbolic link, not a folder", imp, rel)
	case err != nil && notThere(err):
		return fmt.Sprintf("import %q: the submission has no folder %s", imp, rel)
	case err == nil && kind != KindFolder:
		return fmt.Sprintf("import %q: %s is no folder", imp, rel)
	}
	c.queue(rel)
	return ""
}

// embed reads the files that a go:embed pattern names. Whether the pattern is
// one is left for the go command to judge: here it only says what to read.
func (c *collector) embed(dir, pattern string, m Message) error {
	pattern, all := strings.CutPrefix(pattern, "all:")
	if !fs.ValidPath(pattern) {
		m.Text = fmt.Sprintf("go:embed %s: a pattern names files below its own folder", pattern)
		c.complain(m)
		return nil
	}
	found := []string{dir}
	elems := strings.Split(pattern, "/")
	for i, elem := range elems {
		var next []string
		last := i == len(elems)-1
		for _, at := range found {
			if !strings.ContainsAny(elem, `*?[\`) {
				next = append(next, path.Join(at, elem))
				continue
			}
			names, err := c.tree.List(at, c.entries)
			if err != nil && !notThere(err) {
				return c.unread(at, err)
			}
			for _, name := range names {
				if ok, err := path.Match(elem, name); !ok || err != nil {
					continue
				}
				full := path.Join(at, name)
				if kind, err := c.tree.Kind(full); last || err == nil && kind == KindFolder {
					next = append(next, full)
				}
			}
		}
		found = next
	}
	slices.Sort(found)
	for _, name := range found {
		if err := c.embedTree(name, 0, all, m); err != nil {
			return err
		}
	}
	return nil
}

// embedTree reads one file, or what the go command takes of a folder: no links
// and the like, and only if all is set what begins with a dot or underscore.
func (c *collector) embedTree(name string, depth int, all bool, m Message) error {
	kind, err := c.tree.Kind(name)
	if err != nil {
		if notThere(err) {
			return nil // "no matching files found", says the go command
		}
		return c.unread(name, err)
	}
	switch {
	case len(c.msgs) >= maxMessages:
		return nil
	case depth > 0 && kind != "" && kind != KindFolder:
		return nil
	case badName(path.Base(name)) != "":
		m.Text = fmt.Sprintf("go:embed: file name %q: it has %s", name, badName(path.Base(name)))
		c.complain(m)
		return nil
	case kind == KindFolder && depth >= maxDepth:
		m.Text = fmt.Sprintf("go:embed: %s lies more than %d folders deep", name, maxDepth)
		c.complain(m)
		return nil
	case kind == KindFolder:
		names, err := c.tree.List(name, c.entries)
		if err != nil {
			return c.unread(name, err)
		}
		slices.Sort(names)
		for _, sub := range names {
			if !all && (sub[0] == '.' || sub[0] == '_') || slices.Contains(versionControl, sub) {
				continue
			}
			if err := c.embedTree(path.Join(name, sub), depth+1, all, m); err != nil {
				return err
			}
		}
		return nil
	}
	return c.embedFile(name, m)
}

var versionControl = []string{".bzr", ".git", ".hg", ".svn"}

func (c *collector) embedFile(name string, m Message) error {
	if _, have := c.files[name]; have {
		return nil
	}
	if len(c.files) >= maxFiles {
		m.Text = fmt.Sprintf("go:embed: too many files: at most %d", maxFiles)
		c.complain(m)
		return nil
	}
	data, err := c.tree.Read(name, maxEmbedded-c.embedded)
	if bad, ok := errors.AsType[*Irregular](err); ok {
		m.Text = fmt.Sprintf("go:embed: %s is %s, not a regular file", name, bad.Kind)
		c.complain(m)
		return nil
	}
	if err == ErrTooLarge {
		m.Text = fmt.Sprintf("go:embed: %s is too large: all embedded files together may have %d MiB", name, maxEmbedded>>20)
		c.complain(m)
		return nil
	}
	if err != nil {
		return c.unread(name, err)
	}
	c.embedded += len(data)
	c.files[name] = data
	return nil
}
