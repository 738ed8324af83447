package batch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

func TestOneAtATime(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenStore(dir)
	require.NoError(t, err)
	_, err = OpenStore(dir)
	var busy *BusyError
	require.ErrorAs(t, err, &busy)
	assert.ErrorContains(t, err, dir)
	assert.Equal(t, os.Getpid(), mustAtoi(t, busy.Holder))
	s.Close()
	open(t, dir)
}

func mustAtoi(t *testing.T, s string) (n int) {
	t.Helper()
	for _, c := range s {
		require.True(t, c >= '0' && c <= '9')
		n = 10*n + int(c-'0')
	}
	return n
}

func TestWhatAKilledGraderWroteIsRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.Keep(attempt("ada", "k", grade.Pass).Record, &Evidence{}))
	s.Close()
	for _, folder := range []string{".", recordFolder, evidenceFolder} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, folder, temporary+"123"), []byte("half"), 0o600))
	}
	s = open(t, dir)
	for _, folder := range []string{".", recordFolder, evidenceFolder} {
		assert.NoFileExists(t, filepath.Join(dir, folder, temporary+"123"))
	}
	r, err := s.Record("ada")
	require.NoError(t, err)
	assert.NotNil(t, r)
	assert.True(t, s.HasEvidence("ada"))

	// A result without evidence does not keep another's.
	require.NoError(t, s.Keep(r, nil))
	assert.False(t, s.HasEvidence("ada"))
}

func TestFoldersOfOthersAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	shard := filepath.Join(dir, "shard-1")
	s := open(t, shard)
	require.NoError(t, s.WriteManifest(&Manifest{}))
	s.Close()
	s = open(t, dir) // where shards are joined
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o644))
	s.Close()
	_, err := OpenStore(dir)
	assert.ErrorContains(t, err, "notes.txt")
	require.NoError(t, os.WriteFile(filepath.Join(dir, manifestFile), []byte("{}"), 0o644))
	open(t, dir) // ours, and the instructor has put notes there
}

func TestStoreSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	_, err := OpenStore(file)
	assert.ErrorContains(t, err, file)

	s := open(t, t.TempDir())
	require.NoError(t, os.RemoveAll(filepath.Join(s.Dir(), recordFolder)))
	assert.ErrorContains(t, s.Keep(attempt("ada", "k", grade.Pass).Record, nil), "ada.json")
	require.NoError(t, os.MkdirAll(filepath.Join(s.Dir(), evidenceFolder), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir(), evidenceName("ada")), []byte("not zstd"), 0o644))
	_, err = s.Evidence("ada")
	assert.ErrorContains(t, err, "evidence of ada")
	require.NoError(t, os.WriteFile(filepath.Join(s.Dir(), manifestFile), []byte(`{"version":9}`), 0o644))
	_, err = ReadManifest(s.Dir())
	assert.ErrorContains(t, err, "version 9")
}
