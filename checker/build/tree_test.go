package build

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// memoryOf makes a tree of the files given, name then contents.
func memoryOf(t testing.TB, files ...string) *Memory {
	t.Helper()
	var m Memory
	for i := 0; i < len(files); i += 2 {
		require.NoError(t, m.AddFile(files[i], []byte(files[i+1])))
	}
	return &m
}

// Both kinds of Tree answer alike.
func TestTreesAgree(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "a/b/x.go", "here", "a/y", "", "big", "12345678")
	require.NoError(t, unix.Symlink("a", filepath.Join(dir, "link")))
	require.NoError(t, unix.Mkfifo(filepath.Join(dir, "pipe"), 0o644))
	require.NoError(t, unix.Mkdir(filepath.Join(dir, "empty"), 0o755))
	folder, err := OpenFolder(dir)
	require.NoError(t, err)
	defer folder.Close()
	stepwise, err := OpenFolder(dir)
	require.NoError(t, err)
	defer stepwise.Close()
	stepwise.plain = true
	memory := memoryOf(t, "a/b/x.go", "here", "a/y", "")
	require.NoError(t, memory.AddLarge("big"))
	require.NoError(t, memory.AddOther("link", KindLink))
	require.NoError(t, memory.AddOther("pipe", KindPipe))
	require.NoError(t, memory.AddOther("empty", KindFolder))

	type answer struct {
		kind, data         string
		names              []string
		kindErr, err, list string
	}
	ask := func(tree Tree, name string) (a answer) {
		word := func(err error) string {
			switch {
			case err == nil:
				return ""
			case notThere(err):
				return "not there"
			}
			return err.Error()
		}
		kind, err := tree.Kind(name)
		a.kind, a.kindErr = kind, word(err)
		data, err := tree.Read(name, 7)
		a.data, a.err = string(data), word(err)
		names, err := tree.List(name, 5)
		slices.Sort(names)
		a.names, a.list = slices.Clip(append([]string{}, names...)), word(err)
		return a
	}
	for name, want := range map[string]answer{
		".":          {kind: KindFolder, err: "is a folder", names: []string{"a", "big", "empty", "link", "pipe"}},
		"a":          {kind: KindFolder, err: "is a folder", names: []string{"b", "y"}},
		"empty":      {kind: KindFolder, err: "is a folder", names: []string{}},
		"a/b/x.go":   {data: "here", names: []string{}, list: "not there"},
		"a/y":        {names: []string{}, list: "not there"},
		"big":        {err: "is too large", names: []string{}, list: "not there"},
		"link":       {kind: KindLink, err: "is a symbolic link", names: []string{}, list: "is a symbolic link"},
		"link/y":     {kindErr: "is behind a symbolic link", err: "is behind a symbolic link", names: []string{}, list: "is behind a symbolic link"},
		"pipe":       {kind: KindPipe, err: "is a named pipe", names: []string{}, list: "is a named pipe"},
		"no":         {kindErr: "not there", err: "not there", names: []string{}, list: "not there"},
		"a/y/z":      {kindErr: "not there", err: "not there", names: []string{}, list: "not there"},
		"a/b/x.go/z": {kindErr: "not there", err: "not there", names: []string{}, list: "not there"},
	} {
		assert.Equal(t, want, ask(folder, name), "folder: %s", name)
		if name != "link/y" { // only openat2(2) tells links on the way from files
			assert.Equal(t, want, ask(stepwise, name), "folder, stepwise: %s", name)
		}
		assert.Equal(t, want, ask(memory, name), "memory: %s", name)
	}
	for _, tree := range []Tree{folder, memory} {
		_, err := tree.List(".", 4)
		assert.ErrorIs(t, err, ErrTooMany)
		_, err = tree.Read("no", 1)
		assert.ErrorIs(t, err, fs.ErrNotExist)
		assert.Equal(t, ask(tree, "a/b/x.go"), ask(Sub(tree, "a"), "b/x.go"))
		assert.Equal(t, ask(tree, "a"), ask(Sub(tree, "a"), "."))
		assert.Equal(t, ask(tree, "a"), ask(Sub(tree, "."), "a"))
	}
}

func TestMemoryRefusesContradictions(t *testing.T) {
	t.Parallel()
	m := memoryOf(t, "a/x", "1", "a/x", "2")
	data, err := m.Read("a/x", 10)
	require.NoError(t, err)
	assert.Equal(t, "2", string(data), "the later one counts, as when an archive is unpacked")
	assert.EqualError(t, m.AddFile("a", nil), "is a folder")
	assert.EqualError(t, m.AddFile("a/x/y", nil), "is a file")
	assert.EqualError(t, m.AddOther("a/x", KindFolder), "is a file")
	assert.EqualError(t, m.AddFile(".", nil), "is a folder")
	require.NoError(t, m.AddOther("l", KindLink))
	assert.EqualError(t, m.AddFile("l/y", nil), "is a symbolic link")

	var empty Memory
	names, err := empty.List(".", 1)
	require.NoError(t, err)
	assert.Empty(t, names)
}

// A program that lies below its module's root, and imports what lies beside it.
func TestBuildOfATree(t *testing.T) {
	t.Parallel()
	files := []string{
		"go.mod", "module example.com/box\n\ngo 1.24\n",
		"cmd/app/main.go", `package main

import "example.com/box/internal/ns"

func main() { print(ns.Word) }
`,
		"internal/ns/ns.go", "package ns\n\nconst Word = \"there\"\n",
		"cmd/other/main.go", "package main\n\nfunc main() { x() }\n",
		"docs/doc.go", "package docs\n\nimport _ \"example.org/x\"\n",
	}
	for name, tree := range map[string]Tree{"memory": memoryOf(t, files...), "folder": nil} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request(t, folderOf(t, files...))
			req.Tree, req.Package = tree, "cmd/app"
			if tree != nil {
				req.Dir = "whatever"
			}
			res := built(t, req)
			assert.Equal(t, "there", runProgram(t, res.Program))
			assert.Equal(t, []string{"cmd/app/main.go", "internal/ns/ns.go"}, paths(&Source{Files: res.Sources}))
			assert.Contains(t, lineNames(res), "cmd/app/main.go:5")

			req.Package = "cmd/other"
			res, err := Build(context.Background(), req)
			require.NoError(t, err)
			assert.Equal(t, "cmd/other/main.go:3:15: undefined: x", joined(res.Errors))

			req.Package = "docs"
			_, msgs, err := Collect(req)
			require.NoError(t, err)
			assert.Equal(t, "docs/doc.go:1:1: this is package docs: a program is package main", joined(msgs))

			req.Package = "cmd"
			_, msgs, err = Collect(req)
			require.NoError(t, err)
			assert.Equal(t, "there are no Go files in cmd", joined(msgs))
		})
	}
}

// No go.mod above a tree counts, wherever the checker was started.
func TestTreeWithoutModule(t *testing.T) {
	t.Parallel()
	req := request(t, "../..")
	req.Tree = memoryOf(t, "main.go", "package main\n\nimport _ \"submission/a\"\n\nfunc main() {}\n", "a/a.go", "package a\n")
	src, msgs, err := Collect(req)
	require.NoError(t, err)
	require.Empty(t, msgs)
	assert.Equal(t, "submission", src.Module.Path)
	assert.Equal(t, []string{"a/a.go", "main.go"}, paths(src))
}

// lineNames returns the lines of the submission's own that a program has.
func lineNames(res *Result) []string {
	var names []string
	for pc := uint64(0x400000); pc < 0x400000+uint64(len(res.Program)); pc += 16 {
		if line := res.Lines.Line(pc); line != "" && !slices.Contains(names, line) {
			names = append(names, line)
		}
	}
	return names
}

// FuzzCollect: whatever a submission holds, it is taken or there is a message
// that says why not; an error would say that we broke.
func FuzzCollect(f *testing.F) {
	f.Add("main.go", hello, "module m\n\ngo 1.24\n", "a/a.go", "package a\n")
	f.Add("main.go", "package main\n\nimport (\n\t_ \"embed\"\n\t\"m/a\"\n)\n\n//go:embed a\nvar s string\n", "module m\n", "a/a.go", "package b\n")
	f.Add("x_test.go", "//go:build ignore\n\npackage main\n\nimport \"C\"\n", "module \"a b\"\n", "x.s", "")
	f.Add("main.go", "package main\n\nimport _ \"submission/-a\"\n//line /etc/passwd:1\n//go:cgo_ldflag \"x\"\n", "", "-a/\xff.go", "package a")
	tc := tools(f)
	f.Fuzz(func(t *testing.T, name, text, mod, other, otherText string) {
		var tree Memory
		put := func(name, text string) {
			if fs.ValidPath(name) || name != "" && filepath.IsLocal(name) && filepath.Clean(name) == name {
				_ = tree.AddFile(name, []byte(text))
			}
		}
		put(name, text)
		put(other, otherText)
		if mod != "" {
			put("go.mod", mod)
		}
		src, msgs, err := Collect(Request{Tree: &tree, Kit: "../..", Tools: tc})
		if err != nil || (src == nil) == (len(msgs) == 0) {
			t.Fatalf("%v %v %v", src, msgs, err)
		}
		for _, m := range msgs {
			if m.Text == "" {
				t.Fatalf("%+v", m)
			}
		}
	})
}
