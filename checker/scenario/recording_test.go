package scenario

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
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

// recorded returns the kit's recordings of real runs.
func recorded(t testing.TB) map[string]*Recording {
	t.Helper()
	paths, err := filepath.Glob("../../testdata/evidence/*/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 10)
	all := map[string]*Recording{}
	for _, path := range paths {
		r, err := ReadRecording(path)
		require.NoError(t, err)
		require.Equal(t, r.Exercise, filepath.Base(filepath.Dir(path)))
		all[path] = r
	}
	return all
}

// Evidence of real runs is judged as it was when it was recorded, without a
// sandbox, without root.
func TestRecordedEvidence(t *testing.T) {
	for name, r := range recorded(t) {
		t.Run(name, func(t *testing.T) {
			passed := map[int]bool{}
			got := map[int][]string{}
			for i, path := range files(t, r.Exercise) {
				o, err := Judge(context.Background(), Script{Path: path, Exercise: r.Exercise, Step: i + 1, Args: r.Args, WorkDir: t.TempDir(), Passed: passed}, r.Run)
				require.NoError(t, err)
				require.NoError(t, o.Err)
				for _, f := range o.Findings {
					got[i+1] = append(got[i+1], f.Cause)
				}
				passed[i+1] = o.Skipped == "" && len(o.Findings) == 0
			}
			if len(r.Causes) == 0 {
				assert.Empty(t, got)
				for step := range files(t, r.Exercise) {
					assert.True(t, passed[step+1], "step %d", step+1)
				}
				return
			}
			assert.Equal(t, r.Causes, got)
		})
	}
}

// The same scripts run under go test, over the same evidence.
func TestRecordedEvidenceUnderGoTest(t *testing.T) {
	all := recorded(t)
	for _, exercise := range []string{ex02, ex03, ex04, ex05, ex06, ex07} {
		r := all[filepath.Join("../../testdata/evidence", exercise, "solution.json")]
		require.NotNil(t, r)
		for i, path := range files(t, exercise) {
			s, err := NewSession(context.Background(), Script{Path: path, Step: i + 1, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true}}, r.Run)
			require.NoError(t, err)
			testscript.Run(t, s.Params())
			t.Cleanup(func() {
				require.NoError(t, s.complete())
				assert.NoError(t, s.Outcome().Err)
				assert.Empty(t, s.Outcome().Skipped)
			})
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
