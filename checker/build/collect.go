package build

import (
	"errors"
	"fmt"
	"go/build"
	"go/scanner"
	"go/token"
	"maps"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/module"
)

const (
	maxSource   = 2 << 20  // bytes of all Go files
	maxEmbedded = 16 << 20 // bytes of all embedded files
	maxFiles    = 500
	maxEntries  = 10_000 // names in one folder
	maxDepth    = 10     // folders below the submission's
)

// A File is one file of a Source.
type File struct {
	Path string // relative to the submission's root, with slashes
	Data []byte
}

// A Source is everything that a submission is compiled from.
type Source struct {
	Module  Module
	Package string   // folder of package main, "." for the root
	Files   []File   // sorted by Path; go.mod is not among them
	Imports []string // packages of std and of the kit's modules that it imports, sorted
	Modules []string // folders of the kit's modules that it needs, with what those require
}

func (s *Source) names() map[string]bool {
	m := make(map[string]bool, len(s.Files))
	for _, f := range s.Files {
		m[f.Path] = true
	}
	return m
}

// Collect reads and vets a submission's source. Messages say what is wrong
// with it; then there is no Source. An error says that it could not be read.
func Collect(req Request) (*Source, []Message, error) {
	tree := req.Tree
	if tree == nil {
		dir, err := OpenFolder(req.Dir)
		if bad, ok := errors.AsType[*Irregular](err); ok {
			return nil, []Message{{Text: "the submission's folder " + bad.Error()}}, nil
		}
		if err != nil {
			return nil, nil, err
		}
		defer dir.Close()
		tree = dir
	}
	k, err := readKit(req.Kit, req.Tools)
	if err != nil {
		return nil, nil, err
	}
	c := newCollector(tree, k, req)
	if err := c.all(); err != nil {
		return nil, nil, fmt.Errorf("read submission %s: %w", req.Dir, err)
	}
	if len(c.msgs) > 0 {
		return nil, c.msgs, nil
	}
	src := &Source{Module: c.module, Package: c.main, Imports: slices.Sorted(maps.Keys(c.imports))}
	if src.Modules, err = k.closure(slices.Sorted(maps.Keys(c.modules))); err != nil {
		return nil, nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		src.Files = append(src.Files, File{name, c.files[name]})
	}
	return src, nil, nil
}

func newCollector(tree Tree, k *kit, req Request) *collector {
	return &collector{
		tree: tree, main: path.Clean(req.Package), above: req.Dir, inTree: req.Tree != nil, kit: k, tools: req.Tools, allowed: req.Allowed, entries: maxEntries,
		files: map[string][]byte{}, queued: map[string]bool{}, std: map[string]bool{},
		imports: map[string]bool{}, modules: map[string]bool{},
	}
}

type collector struct {
	tree    Tree
	main    string // folder of package main
	above   string // where to look for a go.mod above the tree
	inTree  bool   // nowhere
	kit     *kit
	tools   *Toolchain
	allowed []string
	entries int // names that a folder may have

	module   Module
	outer    string // path of the module above the tree that module is a part of, or ""
	files    map[string][]byte
	source   int // bytes read so far
	embedded int
	todo     []string        // packages to read: folders below the root, main first
	queued   map[string]bool // those and the ones already read
	std      map[string]bool // whether that is a package of GOROOT/src
	imports  map[string]bool
	modules  map[string]bool // of the kit
	msgs     []Message
}

func (c *collector) complain(m Message) { c.msgs = append(c.msgs, m) }

func (c *collector) all() error {
	if err := c.readGoMod(); err != nil || len(c.msgs) > 0 {
		return err
	}
	if c.findMain(); len(c.msgs) > 0 {
		return nil
	}
	if c.main != "." && module.CheckImportPath(path.Join(c.module.Path, c.main)) != nil {
		c.complain(Message{Text: fmt.Sprintf("folder %q: no package can have such a path", c.main)})
		return nil
	}
	c.queue(c.main)
	for ; len(c.todo) > 0 && len(c.msgs) < maxMessages; c.todo = c.todo[1:] {
		if err := c.readPackage(c.todo[0]); err != nil {
			return err
		}
	}
	return nil
}

func (c *collector) queue(pkg string) {
	if !c.queued[pkg] {
		c.queued[pkg] = true
		c.todo = append(c.todo, pkg)
	}
}

func (c *collector) readGoMod() error {
	data, err := c.tree.Read("go.mod", maxGoMod)
	switch {
	case notThere(err) && c.inTree:
		c.module = noModule(c.tools.Version)
		return nil
	case notThere(err):
		c.module, c.outer = moduleAbove(c.above, c.tools.Version)
		return nil
	case err != nil:
		return c.unread("go.mod", err)
	}
	c.module, c.msgs = readModule("go.mod", data, c.tools.Version)
	if c.msgs == nil && c.isGo(c.module.Path) {
		c.msgs = []Message{{File: "go.mod", Text: fmt.Sprintf("module %s: packages of Go itself have this path, choose another", c.module.Path)}}
	}
	return nil
}

// isGo tells whether packages of Go have this path or one below it: to the go
// command an import of them would mean two things.
func (c *collector) isGo(module string) bool {
	first, _, _ := strings.Cut(module, "/")
	info, err := os.Stat(filepath.Join(c.tools.Root, "src", filepath.FromSlash(module)))
	return !strings.Contains(first, ".") && err == nil && info.IsDir()
}

// unread sorts the reasons why a file could not be read: what is wrong with
// the file itself is the submission's, the rest is an error.
func (c *collector) unread(name string, err error) error {
	if _, ok := errors.AsType[*Irregular](err); ok || err == ErrTooLarge || err == ErrTooMany {
		text := err.Error()
		if ok {
			text += ", not a regular file"
		}
		if name == c.main {
			name, text = "", c.mainFolder()+" "+text
		}
		c.complain(Message{File: name, Text: text})
		return nil
	}
	return fmt.Errorf("open %s: %w", name, err)
}

// foreign holds the endings of sources in other languages, which the go
// command would take into the program.
var foreign = strings.Fields(".s .S .sx .c .cc .cpp .cxx .m .f .F .for .f90 .swig .swigcxx .syso")

// TakesPart tells whether a file of that name can decide what becomes of a
// submission, unless it is embedded: Go files but tests, go.mod, and sources in
// other languages, which are refused.
func TakesPart(name string) bool {
	base := path.Base(name)
	return base == "go.mod" || isSource(base)
}

func isSource(base string) bool {
	ext := path.Ext(base)
	return base[0] != '.' && base[0] != '_' && !strings.HasSuffix(base, "_test.go") &&
		(ext == ".go" || slices.Contains(foreign, ext))
}

// readPackage reads the Go files of one folder and queues the local packages
// that they import.
func (c *collector) readPackage(pkg string) error {
	names, err := c.tree.List(pkg, c.entries)
	if err != nil {
		return c.unread(pkg, err)
	}
	slices.Sort(names)
	read := map[string][]byte{}
	for _, name := range names {
		if !isSource(name) {
			continue
		}
		full := path.Join(pkg, name)
		if bad := badName(name); bad != "" {
			c.complain(Message{Text: fmt.Sprintf("file name %q: it has %s", full, bad)})
			continue
		}
		if !isPlainStart(name[0]) {
			c.complain(Message{Text: fmt.Sprintf("file name %q: the go command takes no file whose name begins with %q", full, name[:1])})
			continue
		}
		if path.Ext(name) != ".go" {
			c.complain(Message{File: full, Text: "only Go is taken: no assembler, no C, no object files"})
			continue
		}
		data, err := c.tree.Read(full, maxSource-c.source)
		if err == ErrTooLarge {
			c.complain(Message{File: full, Text: fmt.Sprintf("the source is too large: all Go files together may have %d MiB", maxSource>>20)})
			return nil
		}
		if err != nil {
			if err := c.unread(full, err); err != nil {
				return err
			}
			continue
		}
		c.source += len(data)
		read[name] = data
		if len(c.files)+len(read) > maxFiles {
			c.complain(Message{Text: fmt.Sprintf("too many files: at most %d", maxFiles)})
			return nil
		}
	}
	for _, name := range slices.Sorted(maps.Keys(read)) {
		data, msgs := vetDirectives(path.Join(pkg, name), read[name])
		c.msgs = append(c.msgs, msgs...)
		read[name] = data
	}
	if len(c.msgs) > 0 {
		return nil
	}
	return c.vetPackage(pkg, read)
}

// isPlainStart tells whether the go command takes an argument that begins so
// for no flag and for nothing else that is special.
func isPlainStart(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= utf8.RuneSelf
}

func badName(name string) string {
	if !utf8.ValidString(name) {
		return "bytes that are no UTF-8"
	}
	for _, r := range name {
		if !unicode.IsPrint(r) || strings.ContainsRune("\\\"'`", r) {
			return "characters that no file name should have"
		}
	}
	return ""
}

// vetPackage decides which of a folder's files belong to the program, keeps
// those, and looks at what they import and embed.
func (c *collector) vetPackage(dir string, read map[string][]byte) error {
	ctx := c.context(read)
	pkg, err := ctx.ImportDir(".", 0)
	c.refuseCgo(ctx, dir, pkg, read)
	if err != nil && len(c.msgs) == 0 && !c.packageError(dir, pkg, read, err) {
		return err
	}
	if len(c.msgs) > 0 {
		return nil
	}
	for _, name := range pkg.GoFiles {
		c.files[path.Join(dir, name)] = read[name]
	}
	if dir == c.main && pkg.Name != "main" {
		m := packageClause(pkg.GoFiles[0], read[pkg.GoFiles[0]])
		m.File = path.Join(dir, m.File)
		m.Text = fmt.Sprintf("this is package %s: a program is package main", pkg.Name)
		c.complain(m)
		return nil
	}
	for _, imp := range pkg.Imports {
		c.vetImport(imp, at(dir, pkg.ImportPos[imp]))
	}
	for _, pattern := range pkg.EmbedPatterns {
		if err := c.embed(dir, pattern, at(dir, pkg.EmbedPatternPos[pattern])); err != nil {
			return err
		}
	}
	return nil
}

// packageError explains why go/build made no package of a folder; false if it
// does not know the reason.
func (c *collector) packageError(dir string, pkg *build.Package, read map[string][]byte, err error) bool {
	if _, ok := errors.AsType[*build.NoGoError](err); ok {
		c.complain(c.noGoFiles(dir, len(pkg.IgnoredGoFiles)))
		return true
	}
	if multi, ok := errors.AsType[*build.MultiplePackageError](err); ok {
		m := packageClause(multi.Files[1], read[multi.Files[1]])
		m.File = path.Join(dir, m.File)
		m.Text = fmt.Sprintf("this is package %s, but %s is package %s: a folder holds one package",
			multi.Packages[1], multi.Files[0], multi.Packages[0])
		c.complain(m)
		return true
	}
	if list, ok := errors.AsType[scanner.ErrorList](err); ok {
		for _, e := range list {
			m := at(dir, []token.Position{e.Pos})
			m.Text = e.Msg
			c.complain(m)
		}
		return true
	}
	if pkg != nil && len(pkg.InvalidGoFiles) > 0 {
		file := path.Join(dir, pkg.InvalidGoFiles[0])
		text := strings.TrimPrefix(err.Error(), pkg.InvalidGoFiles[0]+": ")
		c.complain(Message{File: file, Text: text})
		return true
	}
	return false
}

// mainFolder names the folder of package main.
func (c *collector) mainFolder() string {
	if c.main == "." {
		return "the submission's folder"
	}
	return c.main
}

func (c *collector) noGoFiles(dir string, ignored int) Message {
	text := "there are no Go files in "
	if dir == c.main {
		text += c.mainFolder()
	} else {
		text += dir
	}
	if ignored > 0 {
		text += fmt.Sprintf(" for %s/%s: build constraints exclude all", runtime.GOOS, runtime.GOARCH)
	}
	return Message{Text: text}
}

// at makes the place of a message from a position that go/build gives.
func at(dir string, pos []token.Position) Message {
	if len(pos) == 0 {
		return Message{}
	}
	return Message{File: path.Join(dir, pos[0].Filename), Line: pos[0].Line, Col: pos[0].Column}
}
