package build

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A module with its program in a folder below, as cmd/app, is a submission as well.
func TestProgramBelowTheRoot(t *testing.T) {
	t.Parallel()
	files := []string{
		"go.mod", "module example.com/box\n\ngo 1.24\n",
		"cmd/app/main.go", "package main\n\nimport \"example.com/box/ns\"\n\nfunc main() { print(ns.Word) }\n",
		"ns/ns.go", "package ns\n\nconst Word = \"there\"\n",
		"ns/gen.go", "//go:build ignore\n\npackage main\n\nfunc main() {}\n",
		"vendor/x/main.go", hello, "testdata/main.go", hello, "_old/main.go", hello, ".git/main.go", hello, "cmd/app/main_test.go", hello,
	}
	dir := folderOf(t, files...)
	assert.Equal(t, []string{"cmd/app/main.go", "ns/ns.go"}, paths(collect(t, dir)))
	assert.Equal(t, "there", runProgram(t, built(t, request(t, dir)).Program))

	write(t, dir, "cmd/ctl/main.go", hello)
	assert.Equal(t, "there are no Go files in the submission's folder, and several programs below it: cmd/app, cmd/ctl", complaints(t, dir))
	assert.Equal(t, `main.go:3:8: import "example.com/box/ns": this package lies outside of the submission's folder: `+
		"the submission is the folder with the go.mod of module example.com/box", complaints(t, filepath.Join(dir, "cmd/app")))

	write(t, dir, "doc.go", "package box\n")
	assert.Equal(t, "doc.go:1:1: this is package box: a program is package main", complaints(t, dir), "a folder with Go files is looked at for itself")
}

// A link leads nowhere.
func TestProgramBehindALink(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "README", "")
	require.NoError(t, os.Symlink(folderOf(t, "main.go", hello), filepath.Join(dir, "cmd")))
	assert.Equal(t, "there are no Go files in the submission's folder", complaints(t, dir))
}
