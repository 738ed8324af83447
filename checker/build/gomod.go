package build

import (
	"errors"
	"fmt"
	"go/version"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/sys/unix"
)

const maxGoMod = 64 << 10 // bytes

// A Module is what is taken from a go.mod, and nothing else: what it requires,
// replaces or wants for a toolchain is not heeded.
type Module struct {
	Path string // module path; imports below it are the submission's own
	Go   string // language version for the go line: "1.26.0"
}

// sysModule is the one module that every submission may use.
const sysModule = "golang.org/x/sys"

// defaultModule names a submission that lies in no module.
const defaultModule = "submission"

// readModule reads what counts of a go.mod. The messages are for a learner.
func readModule(name string, data []byte, tool string) (Module, []Message) {
	f, err := modfile.ParseLax(name, data, nil)
	if err != nil {
		return Module{}, modMessages(name, err)
	}
	if f.Module == nil {
		return Module{}, []Message{{File: name, Text: "there is no module line"}}
	}
	m := Module{Path: f.Module.Mod.Path}
	line := 0
	if f.Module.Syntax != nil {
		line = f.Module.Syntax.Start.Line
	}
	if err := checkModulePath(m.Path); err != nil {
		return Module{}, []Message{{File: name, Line: line, Text: err.Error()}}
	}
	// A go.mod without a go line means Go 1.16 to the go command.
	m.Go = "1.16"
	if f.Go != nil {
		m.Go = f.Go.Version
	}
	if !version.IsValid("go" + m.Go) {
		return Module{}, []Message{{File: name, Text: fmt.Sprintf("go %s: not a version of Go", m.Go)}}
	}
	if version.Compare("go"+m.Go, tool) > 0 {
		m.Go = strings.TrimPrefix(tool, "go")
	}
	return m, nil
}

func checkModulePath(p string) error {
	if err := module.CheckImportPath(p); err != nil {
		if e, ok := errors.AsType[*module.InvalidPathError](err); ok {
			err = e.Err
		}
		return fmt.Errorf("module %q: not a module path: %v", p, err)
	}
	// To the go command these mean something else: go help packages.
	words := []string{"all", "work", "tool", "toolchain", "C"}
	if slices.Contains(words, p) {
		return fmt.Errorf("module %s: this path is taken, choose another", p)
	}
	for _, taken := range []string{"std", "cmd", "builtin", sysModule} {
		if p == taken || strings.HasPrefix(p, taken+"/") || p == "golang.org/x" || p == "golang.org" {
			return fmt.Errorf("module %s: this path is taken, choose another", p)
		}
	}
	return nil
}

func modMessages(name string, err error) []Message {
	list, ok := errors.AsType[modfile.ErrorList](err)
	if !ok {
		return []Message{{File: name, Text: err.Error()}}
	}
	var msgs []Message
	for _, e := range list {
		m := Message{File: name, Line: e.Pos.Line, Col: e.Pos.LineRune, Text: e.Err.Error()}
		if e.Verb != "" {
			m.Text = e.Verb + " " + e.ModPath + ": " + m.Text
		}
		msgs = append(msgs, m)
	}
	return msgs
}

// noModule is the module of a submission that lies in none.
func noModule(tool string) Module {
	return Module{Path: defaultModule, Go: strings.TrimPrefix(tool, "go")}
}

// moduleAbove finds the module that a folder without a go.mod lies in, the way
// the go command would, so that its own packages keep their import paths. A
// go.mod that cannot be used is passed over. outer is the path of that module, or "".
func moduleAbove(dir, tool string) (m Module, outer string) {
	fallback := noModule(tool)
	abs, err := filepath.Abs(dir)
	if err != nil {
		return fallback, ""
	}
	for up := filepath.Dir(abs); ; up = filepath.Dir(up) {
		if data, err := readPlain(filepath.Join(up, "go.mod"), maxGoMod); err == nil {
			m, msgs := readModule("go.mod", data, tool)
			rel, err := filepath.Rel(up, abs)
			if len(msgs) > 0 || err != nil {
				return fallback, ""
			}
			outer := m.Path
			m.Path = path.Join(m.Path, filepath.ToSlash(rel))
			if checkModulePath(m.Path) != nil {
				m.Path = defaultModule // no package could be imported by such a path
			}
			return m, outer
		}
		if up == filepath.Dir(up) {
			return fallback, ""
		}
	}
}

// readPlain reads a small regular file outside of a submission.
func readPlain(name string, limit int64) ([]byte, error) {
	fd, err := openRetry(unix.AT_FDCWD, name, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", name, err)
	}
	f := os.NewFile(uintptr(fd), name)
	defer f.Close()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", name)
	}
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("read %s: %w", name, ErrTooLarge)
	}
	return data, nil
}

// A kit tells where the modules lie that the kit itself is built from.
type kit struct {
	versions map[string]string // module path to version
	cache    string            // GOMODCACHE
	download func(moduleVersion string) error
}

func readKit(root string, tools *Toolchain) (*kit, error) {
	name := filepath.Join(root, "go.mod")
	data, err := readPlain(name, 1<<20)
	if err != nil {
		return nil, fmt.Errorf("read the kit's go.mod: %w", err)
	}
	f, err := modfile.ParseLax(name, data, nil)
	if err != nil {
		return nil, fmt.Errorf("read the kit's go.mod: %w", err)
	}
	k := &kit{versions: map[string]string{}, cache: tools.ModCache}
	k.download = func(moduleVersion string) error { return tools.download(root, moduleVersion) }
	for _, r := range f.Require {
		k.versions[r.Mod.Path] = r.Mod.Version
	}
	return k, nil
}

// moduleOf returns the kit's module that a package belongs to.
func (k *kit) moduleOf(pkg string) (string, bool) {
	for p := pkg; p != "." && p != "/"; p = path.Dir(p) {
		if _, ok := k.versions[p]; ok {
			return p, true
		}
	}
	return "", false
}

// dir returns where the kit's copy of a module lies. One that is not there yet is
// downloaded.
func (k *kit) dir(mod string) (string, error) {
	p, err := module.EscapePath(mod)
	if err != nil {
		return "", err
	}
	v, err := module.EscapeVersion(k.versions[mod])
	if err != nil {
		return "", err
	}
	dir := filepath.Join(k.cache, filepath.FromSlash(p)+"@"+v)
	if fi, err := os.Stat(dir); err == nil && fi.IsDir() {
		return dir, nil
	}
	// Building the kit downloads what it is built from. What only tests of that need
	// is missing then, and a workspace wants it too.
	if err := k.download(mod + "@" + k.versions[mod]); err != nil {
		return "", fmt.Errorf("find %s@%s: it is not in the module cache (%s): %w; with a network, type: go mod download", mod, k.versions[mod], k.cache, err)
	}
	return dir, nil
}

// closure returns the folders of the given modules and of those that they
// require, as far as the kit has them.
func (k *kit) closure(mods []string) ([]string, error) {
	var dirs []string
	seen := map[string]bool{}
	for todo := slices.Clone(mods); len(todo) > 0; todo = todo[1:] {
		mod := todo[0]
		if seen[mod] {
			continue
		}
		seen[mod] = true
		dir, err := k.dir(mod)
		if err != nil {
			return nil, err
		}
		dirs = append(dirs, dir)
		data, err := readPlain(filepath.Join(dir, "go.mod"), 1<<20)
		if err != nil {
			continue // a module from before go.mod requires nothing
		}
		f, err := modfile.ParseLax("go.mod", data, nil)
		if err != nil {
			return nil, fmt.Errorf("read go.mod of %s: %w", mod, err)
		}
		for _, r := range f.Require {
			if _, ok := k.versions[r.Mod.Path]; ok {
				todo = append(todo, r.Mod.Path)
			}
		}
	}
	slices.Sort(dirs)
	return dirs, nil
}

// goModFor and goWorkFor write the two files that the go command is given in
// place of the submission's own. A workspace, and not require and replace,
// because only there may a module have an older language than those it uses.
func goModFor(m Module) []byte {
	return []byte("module " + modfile.AutoQuote(m.Path) + "\n\ngo " + m.Go + "\n")
}

func goWorkFor(tool string, dirs []string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "go %s\n\nuse .\n", strings.TrimPrefix(tool, "go"))
	for _, d := range dirs {
		fmt.Fprintf(&b, "use %s\n", modfile.AutoQuote(d))
	}
	return []byte(b.String())
}
