package batch

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// shards grades a class in n folders.
func shards(t *testing.T, names []string, n int) (dirs []string) {
	t.Helper()
	for i := range n {
		s := open(t, filepath.Join(t.TempDir(), fmt.Sprint(i)))
		m := &Manifest{Class: grade.Class{Exercise: "x"}, Kit: "kit", Checker: "checker", Shard: Shard{i + 1, n}, Names: names}
		require.NoError(t, s.WriteManifest(m))
		require.NoError(t, Run(t.Context(), s, Options{Names: m.Share(), Open: newClass().open, Jobs: 2}))
		s.Close()
		dirs = append(dirs, s.Dir())
	}
	return dirs
}

// files returns the contents of all files below dir that are kept.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, pattern := range []string{manifestFile, recordFolder + "/*", evidenceFolder + "/*"} {
		paths, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		for _, p := range paths {
			data, err := os.ReadFile(p)
			require.NoError(t, err)
			rel, err := filepath.Rel(dir, p)
			require.NoError(t, err)
			all[rel] = string(data)
		}
	}
	return all
}

func TestMergeInAnyOrder(t *testing.T) {
	names := people(40)
	dirs := shards(t, names, 8)
	var first map[string]string
	for range 5 {
		rand.Shuffle(len(dirs), func(i, j int) { dirs[i], dirs[j] = dirs[j], dirs[i] })
		s := open(t, t.TempDir())
		m, notes, err := Merge(s, dirs)
		require.NoError(t, err)
		assert.Empty(t, notes)
		assert.True(t, m.Shard.Whole())
		got := files(t, s.Dir())
		assert.Len(t, got, 1+2*40)
		if first == nil {
			first = got
		}
		assert.Equal(t, first, got)
	}
	// The same folder twice is no contradiction.
	_, _, err := Merge(open(t, t.TempDir()), append(dirs, dirs[3]))
	require.NoError(t, err)
}

func TestMergeSaysWhatDoesNotFit(t *testing.T) {
	names := people(20)
	dirs := shards(t, names, 4)
	refuses := func(words string, dirs ...string) {
		t.Helper()
		s := open(t, t.TempDir())
		_, _, err := Merge(s, dirs)
		assert.ErrorContains(t, err, words)
		assert.Empty(t, files(t, s.Dir()), "nothing is written then")
	}
	change := func(f func(m *Manifest)) (dir string) {
		s := open(t, t.TempDir())
		m, err := ReadManifest(dirs[0])
		require.NoError(t, err)
		f(m)
		require.NoError(t, s.WriteManifest(m))
		return s.Dir()
	}
	refuses("grade shard 2/4, 4/4", dirs[0], dirs[2])
	refuses("nothing was graded", dirs[0], t.TempDir())
	refuses("other of y", dirs[1], change(func(m *Manifest) { m.Class.Exercise = "y" }))
	refuses("different scenarios", dirs[1], change(func(m *Manifest) { m.Kit = "other" }))
	refuses("different submissions", dirs[1], change(func(m *Manifest) { m.Names = m.Names[1:] }))
	refuses("shard 2/4, the other 1/5", dirs[1], change(func(m *Manifest) { m.Shard = Shard{1, 5} }))

	// Two results for one.
	other := shards(t, names, 4)[1]
	require.NoError(t, os.WriteFile(filepath.Join(other, recordName(names[0])), []byte("{}"), 0o644))
	twice := append(append([]string{}, dirs...), other)
	_, _, err := Merge(open(t, t.TempDir()), twice)
	assert.ErrorContains(t, err, "two results")

	// Another build of the checker is said, no more.
	s := open(t, dirs[2])
	m, err := ReadManifest(dirs[2])
	require.NoError(t, err)
	m.Checker = "another"
	require.NoError(t, s.WriteManifest(m))
	_, notes, err := Merge(open(t, t.TempDir()), dirs)
	require.NoError(t, err)
	require.Len(t, notes, 1)
	assert.Contains(t, notes[0], dirs[2])
}

func TestParseShard(t *testing.T) {
	s, err := ParseShard("2/8")
	require.NoError(t, err)
	assert.Equal(t, Shard{2, 8}, s)
	assert.Equal(t, "2/8", s.String())
	for _, bad := range []string{"", "2", "0/8", "9/8", "a/8", "1/0", "1/99999999", "-1/8", "1/8/2"} {
		_, err := ParseShard(bad)
		assert.ErrorContains(t, err, "2/8", bad)
	}
	assert.True(t, Shard{}.Has("anyone"))
}
