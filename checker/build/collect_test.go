package build

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

func TestCollectTakesWhatTheProgramNeeds(t *testing.T) {
	t.Parallel()
	dir := folderOf(t,
		"go.mod", "module example.com/box\n\ngo 1.24\n",
		"main.go", `package main

import (
	_ "embed"
	"os"

	"example.com/box/internal/ns"
	"golang.org/x/sys/unix"
)

//go:embed greeting.txt
var greeting string

func main() { os.Exit(ns.Run(greeting) + unix.Getpid()*0) }
`,
		"greeting.txt", "hi",
		"internal/ns/ns.go", "package ns\n\nimport \"example.com/box/word\"\n\nfunc Run(s string) int { return len(word.W + s) }\n",
		"internal/ns/ns_test.go", "package ns\n",
		"internal/ns/ns_windows.go", "package ns\n",
		"word/word.go", "package word\n\nconst W = \"w\"\n",
		"unused/unused.go", "package unused\n\nimport \"example.org/not/there\"\n",
		"notes.md", "not for the compiler",
		".git/config", "[core]\n", "vendor/x/x.go", "package x\n", "go.sum", "", "go.work", "go 1.99\n",
	)
	src := collect(t, dir)
	assert.Equal(t, []string{"greeting.txt", "internal/ns/ns.go", "main.go", "word/word.go"}, paths(src))
	assert.Equal(t, Module{"example.com/box", "1.24"}, src.Module)
	assert.Equal(t, []string{"embed", "golang.org/x/sys/unix", "os"}, src.Imports)
	require.Len(t, src.Modules, 1)
	assert.Contains(t, src.Modules[0], "golang.org/x/sys@")
}

// A root file system that a learner unpacked beside main.go is full of links,
// devices and files; none of them is any business of the compiler's.
func TestCollectIsNotDisturbedByOtherFiles(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "main.go", hello, "rootfs/lib/a.c", "int x;", "rootfs/bin/busybox", "x")
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "rootfs/etc")))
	require.NoError(t, os.Symlink("busybox", filepath.Join(dir, "sh")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	assert.Equal(t, []string{"main.go"}, paths(collect(t, dir)))
}

func TestCollectRefuses(t *testing.T) {
	t.Parallel()
	main := func(imports ...string) string {
		return "package main\n\nimport (\n\t" + strings.Join(imports, "\n\t") + "\n)\n\nfunc main() {}\n"
	}
	tests := []struct {
		name  string
		files []string
		want  string // all that is said
	}{
		{"empty", nil, "there are no Go files in the submission's folder"},
		{"tests only", []string{"main_test.go", hello}, "there are no Go files in the submission's folder"},
		{"other systems only", []string{"main_windows.go", hello}, "there are no Go files in the submission's folder for linux/"},
		{"no package main", []string{"a.go", "// A box.\npackage box\n"}, "a.go:2:1: this is package box: a program is package main"},
		{"two packages", []string{"a.go", hello, "b.go", "package b\n"},
			"b.go:1:1: this is package b, but a.go is package main: a folder holds one package"},
		{"syntax in imports", []string{"main.go", "package main\n\nimport fmt\n"}, "main.go:3:11: missing import path"},
		{"no package clause", []string{"main.go", "func main() {}\n"}, "main.go:1:1: expected 'package', found 'func'"},
		{"empty file", []string{"main.go", ""}, "main.go:1:1: expected 'package', found 'EOF'"},
		{"NUL", []string{"main.go", "package main\x00\n"}, "main.go"},
		{"cgo", []string{"main.go", "package main\n\nimport \"C\"\n\nfunc main() {}\n"},
			"main.go:3:8: import \"C\": cgo is not taken, the program has to be pure Go"},
		{"module of Go", []string{"main.go", hello, "go.mod", "module fmt\n"}, "go.mod: module fmt: packages of Go itself"},
		{"cgo in back quotes", []string{"main.go", hello, "x.go", "package main\n\nimport `C`\n"}, "x.go:3:8: import \"C\": cgo"},
		{"cgo beside", []string{"main.go", hello, "x.go", main(`"C"`)}, "x.go:4:2: import \"C\": cgo is not taken"},
		{"cgo with a true constraint", []string{"main.go", hello, "x.go", "//go:build linux && !plan9\n\n" + main(`"C"`)}, "x.go:6:2: import \"C\": cgo"},
		{"assembler", []string{"main.go", hello, "x_amd64.s", "TEXT"}, "x_amd64.s: only Go is taken: no assembler, no C, no object files"},
		{"C", []string{"main.go", hello, "x.c", ""}, "x.c: only Go is taken"},
		{"object file", []string{"main.go", hello, "sub/x.go", "package sub", "rsrc.syso", ""}, "rsrc.syso: only Go is taken"},
		{"C in a local package", []string{"main.go", main(`_ "submission/a"`), "a/a.go", "package a", "a/a.c", ""}, "a/a.c: only Go is taken"},
		{"third party", []string{"main.go", main(`_ "github.com/vishvananda/netlink"`)},
			"main.go:4:2: import \"github.com/vishvananda/netlink\" is not allowed: only the standard library, golang.org/x/sys and the submission's own packages are"},
		{"the kit's own packages", []string{"main.go", main(`_ "pidone/checker/build"`)},
			"main.go:4:2: import \"pidone/checker/build\": there is no such package in Go's standard library"},
		{"kit's module that is not allowed", []string{"main.go", main(`_ "github.com/stretchr/testify/assert"`)},
			"import \"github.com/stretchr/testify/assert\" is not allowed"},
		{"no such std", []string{"main.go", main(`"fmtt"`)}, "main.go:4:2: import \"fmtt\": there is no such package in Go's standard library"},
		{"internal to Go", []string{"main.go", main(`_ "internal/abi"`)}, "main.go:4:2: import \"internal/abi\": this package is internal to Go"},
		{"vendored by Go", []string{"main.go", main(`_ "vendor/golang.org/x/net/idna"`)}, "this package is internal to Go"},
		{"no such in x/sys", []string{"main.go", main(`_ "golang.org/x/sys/linux"`)}, "main.go:4:2: import \"golang.org/x/sys/linux\": there is no such package in golang.org/x/sys@v"},
		{"relative", []string{"main.go", main(`_ "./a"`), "a/a.go", "package a"},
			"main.go:4:2: import \"./a\": write it as a path that begins with the module's, submission/..."},
		{"absolute", []string{"main.go", main(`_ "/etc"`)}, "main.go:4:2: import \"/etc\": write it as"},
		{"climbing", []string{"main.go", main(`_ "submission/../../etc"`)}, "import \"submission/../../etc\": write it as"},
		{"no such local", []string{"main.go", main(`_ "submission/a/b"`)}, "main.go:4:2: import \"submission/a/b\": the submission has no folder a/b"},
		{"local is a file", []string{"main.go", main(`_ "submission/a"`), "a", ""}, "import \"submission/a\": a is no folder"},
		{"local is empty", []string{"main.go", main(`_ "submission/a"`), "a/x", ""}, "there are no Go files in a"},
		{"local too deep", []string{"main.go", main(`_ "submission/a/a/a/a/a/a/a/a/a/a/a"`)}, "it lies more than 10 folders deep"},
		{"vendored by the learner", []string{"main.go", main(`_ "github.com/a/b"`), "vendor/github.com/a/b/b.go", "package b"}, "import \"github.com/a/b\" is not allowed"},
		{"replaced by the learner", []string{"go.mod", "module m\nrequire example.com/b v1.0.0\nreplace example.com/b => ./b\n", "main.go", main(`_ "example.com/b"`), "b/b.go", "package b"},
			"main.go:4:2: import \"example.com/b\" is not allowed"},
		{"linker directive", []string{"main.go", "package main\n\n//go:cgo_import_dynamic x y \"libc.so.6\"\n\nfunc main() {}\n"},
			"main.go:3:1: //go:cgo_import_dynamic: directives for cgo and the linker are not taken"},
		{"embed above", []string{"main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed ../x\nvar x string\n\nfunc main() {}\n"},
			"main.go:5:12: go:embed ../x: a pattern names files below its own folder"},
		{"embed absolute", []string{"main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed /etc/passwd\nvar x string\n\nfunc main() {}\n"},
			"main.go:5:12: go:embed /etc/passwd: a pattern names"},
		{"forged position", []string{"main.go", "package main\n\n//line /etc/passwd:7\nimport \"fmtt\"\n\nfunc main() {}\n"}, "main.go:4:8: import \"fmtt\""},
		{"file name with a newline", []string{"main.go", hello, "a\n.go", hello}, `file name "a\n.go": it has characters that no file name should have`},
		{"file name with an escape code", []string{"main.go", hello, "\x1b[31m.go", hello}, `file name "\x1b[31m.go": it has`},
		{"file name of bytes", []string{"main.go", hello, "\xff.go", hello}, `file name "\xff.go": it has bytes that are no UTF-8`},
		{"file name that is a flag", []string{"-x.go", hello}, `file name "-x.go": the go command takes no file whose name begins with "-"`},
		{"file name that is special", []string{"main.go", hello, "(1).go", hello}, `file name "(1).go": the go command takes no file whose name begins with "("`},
		{"import of a flag", []string{"main.go", main(`_ "submission/-x"`), "-x/x.go", "package x"}, `import "submission/-x": no package can have such a path`},
		{"import with letters that no path has", []string{"main.go", main(`_ "submission/é"`), "é/x.go", "package x"}, `import "submission/é": no package can have such a path`},
		{"go.mod of nonsense", []string{"go.mod", "modul x\n", "main.go", hello}, "go.mod: there is no module line"},
		{"go.mod with a broken line", []string{"go.mod", "module (\n", "main.go", hello}, "go.mod:"},
		{"module called std", []string{"go.mod", "module std\n", "main.go", hello}, "go.mod:1: module std: this path is taken, choose another"},
		{"module called all", []string{"go.mod", "module all\n", "main.go", hello}, "go.mod:1: module all: this path is taken, choose another"},
		{"module called toolchain", []string{"go.mod", "module toolchain\n", "main.go", hello}, "go.mod:1: module toolchain: this path is taken"},
		{"module called x/sys", []string{"go.mod", "module golang.org/x/sys\n", "main.go", hello}, "go.mod:1: module golang.org/x/sys: this path is taken"},
		{"module that climbs", []string{"go.mod", "module a/../b\n", "main.go", hello}, "go.mod"},
		{"go.mod of a folder", []string{"go.mod/x", "", "main.go", hello}, "go.mod: is a folder, not a regular file"},
		{"main.go of a folder", []string{"main.go/x", "", "b.go", hello}, "main.go: is a folder, not a regular file"},
		{"large source", []string{"main.go", hello, "big.go", "package main\n//" + strings.Repeat("x", maxSource)},
			"big.go: the source is too large: all Go files together may have 2 MiB"},
		{"large go.mod", []string{"main.go", hello, "go.mod", "module m\n//" + strings.Repeat("x", maxGoMod)}, "go.mod: is too large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := complaints(t, folderOf(t, tt.files...))
			assert.Contains(t, got, tt.want)
			assert.NotContains(t, got, "passwd:7")
			assert.NotContains(t, got, "\n", "one thing was wrong")
		})
	}
}

// Each of these, opened carelessly, blocks the checker or shows it a file of
// the machine's.
func TestCollectRefusesIrregularFiles(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret.go")
	require.NoError(t, os.WriteFile(secret, []byte("package main // secret"), 0o644))
	kinds := []struct {
		name, want string
		make       func(path string) error
	}{
		{"link", "a symbolic link", func(p string) error { return os.Symlink(secret, p) }},
		{"dangling link", "a symbolic link", func(p string) error { return os.Symlink("/nonexistent", p) }},
		{"pipe", "a named pipe", func(p string) error { return unix.Mkfifo(p, 0o644) }},
		{"socket", "a socket", func(p string) error { return unix.Mknod(p, unix.S_IFSOCK|0o644, 0) }},
		{"device", "a device", func(p string) error { return unix.Mknod(p, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 3))) }},
	}
	for _, k := range kinds {
		for _, name := range []string{"main.go", "go.mod", "x.go"} {
			t.Run(k.name+" as "+name, func(t *testing.T) {
				t.Parallel()
				dir := folderOf(t, "z.go", hello)
				if err := k.make(filepath.Join(dir, name)); err == unix.EPERM && k.name == "device" {
					t.Skip("mknod needs root")
				} else {
					require.NoError(t, err)
				}
				assert.Equal(t, name+": is "+k.want+", not a regular file", complaints(t, dir))
			})
		}
	}
}

func TestCollectRefusesLinkedFolders(t *testing.T) {
	t.Parallel()
	main := "package main\n\nimport _ \"submission/a/b\"\n\nfunc main() {}\n"
	other := folderOf(t, "b/b.go", "package b\n")

	dir := folderOf(t, "main.go", main)
	require.NoError(t, os.Symlink(other, filepath.Join(dir, "a")))
	assert.Contains(t, complaints(t, dir), "link")

	dir = folderOf(t, "main.go", main, "a/x", "")
	require.NoError(t, os.Symlink(filepath.Join(other, "b"), filepath.Join(dir, "a/b")))
	assert.Contains(t, complaints(t, dir), "a/b is a symbolic link, not a folder")

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(folderOf(t, "main.go", hello), link))
	for _, name := range []string{link, link + "/", link + "/."} {
		assert.Contains(t, complaints(t, name), "the submission's folder is a symbolic link")
	}
}

// Without openat2 the same holds.
func TestOpenStepwise(t *testing.T) {
	t.Parallel()
	other := folderOf(t, "x.go", "secret")
	dir := folderOf(t, "a/b/x.go", "here")
	require.NoError(t, os.Symlink(other, filepath.Join(dir, "a/l")))
	require.NoError(t, os.Symlink(filepath.Join(other, "x.go"), filepath.Join(dir, "a/b/l.go")))
	for _, plain := range []bool{false, true} {
		f, err := OpenFolder(dir)
		require.NoError(t, err)
		defer f.Close()
		f.plain = plain
		data, err := f.Read("a/b/x.go", 10)
		require.NoError(t, err)
		assert.Equal(t, "here", string(data))
		for _, bad := range []string{"a/l/x.go", "a/b/l.go", "../" + filepath.Base(other) + "/x.go", other + "/x.go"} {
			data, err = f.Read(bad, 10)
			assert.Error(t, err, bad)
			assert.Empty(t, data)
		}
		names, err := f.List("a/l", 10)
		assert.Error(t, err)
		assert.Empty(t, names)
		_, err = f.Read("a/b/x.go", 3)
		assert.Equal(t, ErrTooLarge, err)
		_, err = f.List("a", 1)
		assert.Equal(t, ErrTooMany, err)
		assert.Equal(t, plain, f.plain)
	}
}

func TestCollectErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(folderOf(t, "main.go", hello), "main.go")
	pipe := filepath.Join(t.TempDir(), "pipe")
	require.NoError(t, unix.Mkfifo(pipe, 0o644))
	for dir, want := range map[string]string{
		"":                 "no name given",
		"/nonexistent/dir": "open submission /nonexistent/dir: no such submission",
		file:               "it is a file; give the folder that it lies in",
		file + "/x":        "no such submission",
		pipe:               "it is a named pipe, not a folder",
	} {
		_, _, err := Collect(request(t, dir))
		assert.ErrorIs(t, err, ErrUsage, dir)
		assert.ErrorContains(t, err, want)
	}
	if os.Geteuid() == 0 {
		t.Log("root can read everything")
		return
	}
	dir := folderOf(t, "main.go", hello)
	require.NoError(t, os.Chmod(filepath.Join(dir, "main.go"), 0))
	_, _, err := Collect(request(t, dir))
	assert.ErrorContains(t, err, "open main.go: permission denied")
	assert.NotErrorIs(t, err, ErrUsage)
}

func TestCollectLimits(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "main.go", hello)
	for i := range maxFiles {
		write(t, dir, fmt.Sprintf("f%d.go", i), "package main\n")
	}
	assert.Equal(t, "too many files: at most 500", complaints(t, dir))

	f, err := OpenFolder(folderOf(t, "main.go", hello, "a", "", "b", ""))
	require.NoError(t, err)
	defer f.Close()
	for entries, want := range map[int]string{3: "", 2: "the submission's folder holds too many files"} {
		c := newCollector(f, &kit{}, request(t, ""))
		c.entries = entries
		require.NoError(t, c.all())
		assert.Equal(t, want, joined(c.msgs))
	}
}

func TestCgoAlternative(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "main.go", hello, "c.go", "//go:build cgo\n\npackage main\n\nimport \"C\"\n",
		"gen.go", "//go:build ignore\n\npackage main\n\nimport \"C\"\n")
	assert.Equal(t, []string{"main.go"}, paths(collect(t, dir)))
}

func TestEmbed(t *testing.T) {
	t.Parallel()
	main := func(patterns string) string {
		return "package main\n\nimport \"embed\"\n\n//go:embed " + patterns + "\nvar files embed.FS\n\nfunc main() { _ = files }\n"
	}
	tree := []string{"a/one.txt", "1", "a/.hidden", "h", "a/b/two.txt", "2", "a/.git/config", "g", "three.txt", "3", "go.mod", "module m\n"}
	for patterns, want := range map[string][]string{
		"three.txt":         {"main.go", "three.txt"},
		"a":                 {"a/b/two.txt", "a/one.txt", "main.go"},
		"all:a":             {"a/.hidden", "a/b/two.txt", "a/one.txt", "main.go"},
		"*.txt a/*/two.txt": {"a/b/two.txt", "main.go", "three.txt"},
		"\"a/one.txt\"":     {"a/one.txt", "main.go"},
		"nothing":           {"main.go"},
		"[":                 {"main.go"},
	} {
		dir := folderOf(t, append(tree, "main.go", main(patterns))...)
		require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "a/link")))
		assert.Equal(t, want, paths(collect(t, dir)), patterns)
	}

	dir := folderOf(t, "main.go", main("x"))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "x")))
	assert.Equal(t, "main.go:5:12: go:embed: x is a symbolic link, not a regular file", complaints(t, dir))

	dir = folderOf(t, "main.go", main("l/passwd"))
	require.NoError(t, os.Symlink("/etc", filepath.Join(dir, "l")))
	assert.Contains(t, complaints(t, dir), "symbolic link")

	dir = folderOf(t, "main.go", main("x y"), "x", strings.Repeat("x", maxEmbedded-1), "y", "yy")
	assert.Equal(t, "main.go:5:14: go:embed: y is too large: all embedded files together may have 16 MiB", complaints(t, dir))
}

func TestLineDirectivesAreNeutralised(t *testing.T) {
	t.Parallel()
	in := "package main\n\n//line /etc/passwd:1\nvar s = `\n//line kept:1\n`\nvar t = \"/*line kept:2*/\" /*line x:1:1*/ // \"\n"
	want := "package main\n\n//Line /etc/passwd:1\nvar s = `\n//line kept:1\n`\nvar t = \"/*line kept:2*/\" /*Line x:1:1*/ // \"\n"
	dir := folderOf(t, "main.go", in)
	assert.Equal(t, want, content(collect(t, dir), "main.go"))
}

// What an exercise's page allows to import may be imported, with what that
// needs itself; anything else is named, and what may be is listed.
func TestCollectAllows(t *testing.T) {
	t.Parallel()
	main := func(imp string) string {
		return "package main\n\nimport _ \"" + imp + "\"\n\nfunc main() {}\n"
	}
	for _, tt := range []struct {
		allowed []string
		imp     string
		want    string
	}{
		{[]string{"golang.org/x/term"}, "golang.org/x/term", ""},
		{[]string{"github.com/klauspost/compress"}, "github.com/klauspost/compress/zstd", ""},
		{[]string{"github.com/klauspost/compress/zstd"}, "github.com/klauspost/compress/zstd", ""},
		{[]string{"github.com/klauspost/compress/zstd"}, "github.com/klauspost/compress/flate",
			`main.go:3:8: import "github.com/klauspost/compress/flate" is not allowed: only the standard library, golang.org/x/sys, ` +
				`github.com/klauspost/compress/zstd and the submission's own packages are`},
		{[]string{"github.com/klauspost/compress"}, "github.com/klauspost/compress/none", `import "github.com/klauspost/compress/none": there is no such package in github.com/klauspost/compress@v`},
		{[]string{"example.org/gone"}, "example.org/gone", `import "example.org/gone" is not allowed`},
		{nil, "golang.org/x/term", `import "golang.org/x/term" is not allowed: only the standard library, golang.org/x/sys and the submission's own packages are`},
	} {
		req := request(t, folderOf(t, "main.go", main(tt.imp)))
		req.Allowed = tt.allowed
		_, msgs, err := Collect(req)
		require.NoError(t, err)
		if tt.want == "" {
			assert.Empty(t, msgs)
			continue
		}
		assert.Contains(t, joined(msgs), tt.want)
	}
	req := sandboxed(t, folderOf(t, "main.go", main("golang.org/x/term")))
	req.Allowed = []string{"golang.org/x/term"}
	built(t, req)
}
