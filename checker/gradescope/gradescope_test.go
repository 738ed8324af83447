package gradescope

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"io"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// packKit returns the files of the kit's own autograder.
func packKit(t *testing.T) map[string]*zip.File {
	t.Helper()
	var b bytes.Buffer
	n, err := Write(&b, os.DirFS("../.."), "03-namespace-isolation")
	require.NoError(t, err)
	r, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	require.Len(t, r.File, n)
	all := map[string]*zip.File{}
	for _, f := range r.File {
		all[f.Name] = f
	}
	return all
}

func TestWrite(t *testing.T) {
	all := packKit(t)
	for _, name := range []string{"setup.sh", "run_autograder"} {
		require.Contains(t, all, name, "at the root, as the platform wants it")
		assert.EqualValues(t, 0o755, all[name].Mode().Perm())
	}
	for _, name := range []string{
		"EXERCISE", "kit/go.mod", "kit/go.sum", "kit/checker/main.go", "kit/docs/03-namespace-isolation.md",
		"kit/testdata/scenarios/03-namespace-isolation/4-test.txtar", "kit/solutions/03-namespace-isolation/main.go",
		"kit/checker/gradescope/setup.sh",
	} {
		assert.Contains(t, all, name)
	}
	for name := range all {
		assert.NotRegexp(t, `_test\.go$|/testdata/(submissions|evidence)|kit/exercises|/\.|^\.|^/|\.\.|\\`, name)
		assert.Equal(t, path.Clean(name), name)
	}
}

func TestWriteIsDeterministic(t *testing.T) {
	var sums [2][32]byte
	for i := range sums {
		var b bytes.Buffer
		_, err := Write(&b, os.DirFS("../.."), "03-namespace-isolation")
		require.NoError(t, err)
		sums[i] = sha256.Sum256(b.Bytes())
	}
	assert.Equal(t, sums[0], sums[1])
}

// What lies about in somebody's clone is not packed.
func TestWriteLeavesOut(t *testing.T) {
	kit := fstest.MapFS{
		"LICENSE": {}, "go.mod": {}, "go.sum": {}, "checker/main.go": {}, "docs/a.md": {}, "solutions/x/main.go": {}, "testdata/scenarios/x/1.txtar": {},
		"docs/a.md~": {}, "docs/.a.md.swp": {}, "checker/x/x_test.go": {}, "checker/x/testdata/big": {}, "checker/x/link.go": {Mode: os.ModeSymlink},
		"exercises/x/main.go": {}, "bin/checker": {}, ".git/config": {}, "report/results.json": {}, "solutions/.secret/key": {},
	}
	got, err := sources(kit)
	require.NoError(t, err)
	assert.Equal(t, "LICENSE checker/main.go docs/a.md go.mod go.sum solutions/x/main.go testdata/scenarios/x/1.txtar", strings.Join(got, " "))

	delete(kit, "go.sum")
	_, err = Write(io.Discard, kit, "x")
	require.ErrorContains(t, err, "pack go.sum: ")
	_, err = Write(io.Discard, fstest.MapFS{}, "x")
	require.ErrorContains(t, err, "pack the kit: ")
}
