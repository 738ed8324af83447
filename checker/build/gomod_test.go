package build

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReadModule(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     Module
		msg      string
	}{
		{"plain", "module example.com/box\n\ngo 1.22\n", Module{"example.com/box", "1.22"}, ""},
		{"no go line", "module box\n", Module{"box", "1.16"}, ""},
		{"newer than the toolchain", "module box\ngo 1.99.1\n", Module{"box", "1.26.3"}, ""},
		{"as new as the toolchain", "module box\ngo 1.26.3\n", Module{"box", "1.26.3"}, ""},
		{"another toolchain, replacements and tools", "module box\ngo 1.21\ntoolchain go1.99.0\nrequire a.b/c v1.2.3\n" +
			"replace a.b/c => /etc\ntool a.b/c\ngodebug x=1\nignore ./x\n", Module{"box", "1.21"}, ""},
		{"directive from the future", "module box\ngo 1.21\nfrobnicate x\n", Module{"box", "1.21"}, ""},
		{"quoted", "module \"box\"\ngo 1.21\n", Module{"box", "1.21"}, ""},
		{"empty", "", Module{}, "go.mod: there is no module line"},
		{"no such version", "module box\ngo one\n", Module{}, "go.mod:2"},
		{"two modules", "module a\nmodule b\n", Module{}, "go.mod:2"},
		{"space in the path", "module \"a b\"\n", Module{}, "go.mod:1: module \"a b\": not a module path"},
		{"control character", "module \"a\\x1b[31m\"\n", Module{}, "go.mod:1: module \"a\\x1b[31m\": not a module path"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, msgs := readModule("go.mod", []byte(tt.in), "go1.26.3")
			if tt.msg == "" {
				assert.Empty(t, msgs)
				assert.Equal(t, tt.want, got)
				return
			}
			require.NotEmpty(t, msgs)
			assert.Contains(t, msgs[0].String(), tt.msg)
			assert.Zero(t, got)
		})
	}
}

func TestModuleAbove(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "go.mod", "module kit\n\ngo 1.25\n", "exercises/03-x/main.go", "", "other/go.mod", "garbage (", "other/x/y", "", "a b/x", "")
	above := func(dir, tool string) Module {
		m, _ := moduleAbove(dir, tool)
		return m
	}
	assert.Equal(t, Module{"kit/exercises/03-x", "1.25"}, above(filepath.Join(dir, "exercises/03-x"), "go1.26.3"))
	assert.Equal(t, Module{"submission", "1.25"}, above(filepath.Join(dir, "a b"), "go1.26.3"), "no import path has a space")
	assert.Equal(t, Module{"submission", "1.26.3"}, above(filepath.Join(dir, "other/x"), "go1.26.3"))
	assert.Equal(t, Module{"submission", "1.26.3"}, above("/", "go1.26.3"))

	linked := folderOf(t, "x/main.go", "")
	require.NoError(t, os.Symlink(filepath.Join(dir, "go.mod"), filepath.Join(linked, "go.mod")))
	assert.Equal(t, "submission", above(filepath.Join(linked, "x"), "go1.26.3").Path, "a link is not followed")
}

func TestKitClosure(t *testing.T) {
	t.Parallel()
	dir := folderOf(t,
		"go.mod", "module kit\nrequire (\n\ta.b/one v1.0.0\n\ta.b/Two v1.1.0 // indirect\n\ta.b/gone v1.0.0\n\ta.b/later v1.0.0\n)\n",
		"mod/a.b/one@v1.0.0/go.mod", "module a.b/one\nrequire a.b/Two v1.0.0\nrequire a.b/test-only v1.0.0\n",
		"mod/a.b/!two@v1.1.0/two.go", "package two\n",
	)
	k, err := readKit(dir, &Toolchain{ModCache: filepath.Join(dir, "mod")})
	require.NoError(t, err)
	var asked []string
	k.download = func(moduleVersion string) error {
		asked = append(asked, moduleVersion)
		if moduleVersion == "a.b/later@v1.0.0" {
			return os.MkdirAll(filepath.Join(dir, "mod/a.b/later@v1.0.0"), 0o755)
		}
		return errors.New("no network")
	}
	mod, ok := k.moduleOf("a.b/one/sub/pkg")
	assert.True(t, ok)
	assert.Equal(t, "a.b/one", mod)
	_, ok = k.moduleOf("a.b/onee")
	assert.False(t, ok)
	dirs, err := k.closure([]string{"a.b/one"})
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "mod/a.b/!two@v1.1.0"), filepath.Join(dir, "mod/a.b/one@v1.0.0")}, dirs)
	assert.Empty(t, asked, "what is there is not downloaded")
	dirs, err = k.closure([]string{"a.b/later"})
	require.NoError(t, err)
	assert.Equal(t, []string{filepath.Join(dir, "mod/a.b/later@v1.0.0")}, dirs)
	_, err = k.closure([]string{"a.b/gone"})
	assert.ErrorContains(t, err, "find a.b/gone@v1.0.0: it is not in the module cache")
	assert.ErrorContains(t, err, "no network; with a network, type: go mod download")

	_, err = readKit(filepath.Join(dir, "mod"), &Toolchain{})
	assert.ErrorContains(t, err, "read the kit's go.mod")
}

func TestSynthesisedFiles(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "module box\n\ngo 1.20\n", string(goModFor(Module{"box", "1.20"})))
	assert.Equal(t, "go 1.26.3\n\nuse .\nuse /mod/a@v1\nuse \"/my mods/b@v1\"\n",
		string(goWorkFor("go1.26.3", []string{"/mod/a@v1", "/my mods/b@v1"})))
}

// FuzzReadModule: whatever a go.mod holds, what is taken from it can be written
// into a go.mod that reads the same, on lines of its own.
func FuzzReadModule(f *testing.F) {
	f.Add("module example.com/box\n\ngo 1.22\n")
	f.Add("module \"a\\nreplace x => /etc\"\ngo 1.22\n")
	f.Add("module (\n\tx\n)\ngo 1.22rc1 // x\n")
	f.Add("module x\ngo 1.99.99\ntoolchain default\n")
	f.Fuzz(func(t *testing.T, in string) {
		m, msgs := readModule("go.mod", []byte(in), "go1.26.3")
		if len(msgs) > 0 {
			return
		}
		out := string(goModFor(m))
		if strings.Count(out, "\n") != 3 {
			t.Fatalf("%q is not three lines", out)
		}
		again, msgs := readModule("go.mod", []byte(out), "go1.26.3")
		if len(msgs) > 0 || again != m {
			t.Fatalf("%+v became %+v %v by way of %q", m, again, msgs, out)
		}
	})
}
