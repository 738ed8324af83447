package scenario

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// record judges a submission and keeps its evidence in a file.
func record(t *testing.T, s submission) string {
	t.Helper()
	run, _ := s.runner()
	r := &Recording{Exercise: s.exercise, About: s.name}
	for i, path := range files(t, s.exercise) {
		_, err := Judge(context.Background(), Script{Path: path, Step: i + 1, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true}}, r.Record(run))
		require.NoError(t, err)
	}
	data, err := json.Marshal(r)
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "recording.json")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

func TestRecordingsAreJudgedAgain(t *testing.T) {
	for _, s := range []submission{rightIsolation()[0], rightCreation()[0]} {
		r, err := ReadRecording(record(t, s))
		require.NoError(t, err)
		for i, path := range files(t, s.exercise) {
			o, err := Judge(context.Background(), Script{Path: path, Step: i + 1, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true}}, r.Run)
			require.NoError(t, err)
			require.NoError(t, o.Err)
			assert.Empty(t, o.Findings)
			assert.Empty(t, o.Skipped)
		}
	}
}

func TestRecordingTellsWhatItLacks(t *testing.T) {
	r, err := ReadRecording(record(t, rightIsolation()[0]))
	require.NoError(t, err)
	require.Len(t, r.Runs, 1)
	_, err = r.Run(context.Background(), RunSpec{ChildExit: 3})
	assert.ErrorContains(t, err, "was not recorded")

	bad := filepath.Join(t.TempDir(), "bad.json")
	require.NoError(t, os.WriteFile(bad, []byte(`{"exercise":"x","runz":[]}`), 0o600))
	_, err = ReadRecording(bad)
	assert.Error(t, err)
	_, err = ReadRecording(bad + "x")
	assert.Error(t, err)
}
