//go:build vm

package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pidone/checker/course"
	"pidone/checker/scenario"
	"pidone/checker/vm"
)

// TestVMRecord keeps the evidence of the programs of exercises that this machine
// cannot run, see recorded_test.go. STEP selects an exercise, ONLY recordings whose
// names begin so.
func TestVMRecord(t *testing.T) {
	a, c := kit(t)
	here := openTestSession(t, a)
	_, err := here.scratch()
	require.NoError(t, err)
	s := bootForTest(t, a, vm.Packages()[0])
	defer s.close()
	in := inVM{session: s}
	for _, e := range c.Exercises {
		if step := os.Getenv("STEP"); step != "" && step != e.Number || !cannotRun(t, here, e) {
			continue
		}
		record := func(name, dir string) {
			if !strings.HasPrefix(name, os.Getenv("ONLY")) {
				return
			}
			t.Run(e.Number+"/"+name, func(t *testing.T) { recordInVM(t, a, in.as(""), e, name, dir) })
		}
		record("solution", filepath.Join(a.root, "solutions", e.ID))
		record("before", filepath.Join(a.root, "solutions", e.Before))
		for done := range len(e.Steps) + 1 {
			dir := t.TempDir()
			writeStage(t, a.root, e, done, dir)
			record(stageName(done), dir)
		}
		for _, kind := range []string{"accept", "reject", "error"} {
			dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, kind, "*"))
			require.NoError(t, err)
			for _, dir := range dirs {
				record(kind+"-"+filepath.Base(dir), dir)
			}
		}
	}
}

func recordInVM(t *testing.T, a *app, s *session, e *course.Exercise, name, dir string) {
	b, err := s.build(t.Context(), e, dir)
	require.NoError(t, err)
	require.True(t, b.OK, "%v", b.Errors)
	s.limit = 8 * time.Second // and more, as the VM is slower
	r := &scenario.Recording{Exercise: e.ID, About: "recorded in the VM: " + name, Of: sourceHash(t, dir)}
	j := newJudging(a.root, e)
	j.scratch = t.TempDir()
	runs := s.runs(t.Context(), b, j.wanted(), false)
	defer runs.close()
	_, outcomes := j.steps(t.Context(), r.Record(runs.run))
	r.Causes = map[int][]string{}
	for i, o := range outcomes {
		require.NoError(t, o.Err)
		for _, f := range o.Findings {
			r.Causes[i+1] = append(r.Causes[i+1], f.Cause)
		}
	}
	t.Log(r.Causes)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	path := recordingPath(a.root, e, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(t, os.WriteFile(path, append(data, '\n'), 0o644))
}
