package build

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The quick way must find what the go command would say.
func TestGuessAgreesWithGoEnv(t *testing.T) {
	path, err := exec.LookPath("go")
	require.NoError(t, err)
	asked, err := askToolchain(context.Background(), path, "../..")
	require.NoError(t, err)
	t.Setenv("GOROOT", "")
	guessed, ok := guessToolchain(filepath.Join(asked.Root, "bin/go"))
	if asked.Version != runtime.Version() {
		assert.False(t, ok)
		return
	}
	require.True(t, ok)
	assert.Equal(t, asked, guessed)
}

func TestGuessReadsSettings(t *testing.T) {
	t.Setenv("GOROOT", "")
	real := tools(t)
	env := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(env, []byte("GOCACHE=/set/cache\nGOPATH=/set/path:/other\n"), 0o644))
	t.Setenv("GOENV", env)
	t.Setenv("GOCACHE", "")
	t.Setenv("GOPATH", "")
	t.Setenv("GOMODCACHE", "")
	got, ok := guessToolchain(real.Go())
	require.True(t, ok)
	assert.Equal(t, "/set/cache", got.Cache)
	assert.Equal(t, "/set/path/pkg/mod", got.ModCache)

	t.Setenv("GOCACHE", "/mine")
	t.Setenv("GOMODCACHE", "/mods")
	got, ok = guessToolchain(real.Go())
	require.True(t, ok)
	assert.Equal(t, "/mine", got.Cache)
	assert.Equal(t, "/mods", got.ModCache)

	t.Setenv("GOCACHE", "off")
	_, ok = guessToolchain(real.Go())
	assert.False(t, ok)
}

func TestGuessGivesUp(t *testing.T) {
	t.Setenv("GOROOT", "")
	real := tools(t)
	wrapper := filepath.Join(t.TempDir(), "go")
	require.NoError(t, os.WriteFile(wrapper, []byte("#!/bin/sh\n"), 0o755))
	old := folderOf(t, "bin/go", "", "VERSION", "go1.20.1\n")
	for _, path := range []string{wrapper, filepath.Join(old, "bin/go"), "/nonexistent/bin/go"} {
		_, ok := guessToolchain(path)
		assert.False(t, ok, path)
	}
	t.Setenv("GOTOOLCHAIN", "go1.99.0")
	_, ok := guessToolchain(real.Go())
	assert.False(t, ok)
}

func TestFindToolchainWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, err := FindToolchain(context.Background(), "../..")
	assert.ErrorContains(t, err, "there is no go command on PATH")
}

func TestToolchainFolders(t *testing.T) {
	t.Parallel()
	// As Debian lays it out.
	share := folderOf(t, "src/fmt/fmt.go", "", "pkg/include/x.h", "")
	lib := folderOf(t, "VERSION", "", "bin/go", "", "pkg/tool/x", "")
	require.NoError(t, os.Symlink(filepath.Join(share, "src"), filepath.Join(lib, "src")))
	require.NoError(t, os.Symlink(filepath.Join(share, "pkg/include"), filepath.Join(lib, "pkg/include")))
	tc := &Toolchain{Root: lib}
	assert.Equal(t, []string{lib, filepath.Join(share, "pkg/include"), filepath.Join(share, "src")}, tc.Folders())
	assert.True(t, strings.HasSuffix(tc.Go(), "/bin/go"))
}
