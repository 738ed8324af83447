//go:build vm

package command

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/course"
	"pidone/checker/debian"
	"pidone/checker/grade"
	"pidone/checker/vm"
)

// TestVM holds, in the VM and on each of its kernels, the verdict of every
// program of the kit: solutions, skeletons, and those of testdata/submissions.
// One boot does for all programs of a kernel.
func TestVM(t *testing.T) {
	a, c := kit(t)
	_, err := openTestSession(t, a).scratch()
	require.NoError(t, err)
	for _, meta := range vm.Packages() {
		t.Run(meta, func(t *testing.T) {
			t.Parallel()
			s := openTestSession(t, a)
			s.guest = a.openGuest(place{vm: "tcg", kernel: meta})
			t.Cleanup(s.guest.close)
			err := s.guest.attempt().err
			if errors.Is(err, debian.ErrUnknown) && meta != vm.Packages()[0] {
				t.Skipf("needs %s, which this suite does not have", meta)
			}
			require.NoError(t, err)
			for _, e := range c.Exercises {
				testInVM(t, a, s, e)
			}
			testAsRoot(t, a, s, c)
		})
	}
}

// testInVM starts a parallel test for every program of an exercise.
func testInVM(t *testing.T, a *app, s *session, e *course.Exercise) {
	for name, dir := range map[string]string{"solution": "solutions", "skeleton": "exercises"} {
		t.Run(e.Number+"/"+name, func(t *testing.T) {
			t.Parallel()
			own := &session{host: s.host, root: s.root, tools: s.tools, guest: s.guest}
			own.once.Do(func() {})
			j, err := a.judge(own, &request{exercise: e, dir: filepath.Join(a.root, dir, e.ID), name: name})
			require.NoError(t, err)
			if name == "solution" {
				assert.Equal(t, grade.Pass, j.check.Verdict)
				assert.Equal(t, e.Points(), j.check.Score)
			} else {
				assert.Equal(t, grade.Fail, j.check.Verdict)
				assert.Equal(t, 0, j.check.Score)
			}
		})
	}
	for _, kind := range []string{"accept", "reject", "error"} {
		dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, kind, "*"))
		require.NoError(t, err)
		for _, dir := range dirs {
			t.Run(e.Number+"/"+kind+"/"+filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				testSubmission(t, a, s, e, dir, kind, func(string, int) {})
			})
		}
	}
}

// testAsRoot checks, as the real root of the same VM, the solutions and what
// works only so.
func testAsRoot(t *testing.T, a *app, s *session, c *course.Course) {
	root := &guest{place: s.guest.place, say: s.guest.say, ctx: s.guest.ctx, current: s.guest.current}
	root.place.as = "root"
	for _, e := range c.Exercises {
		dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, "error", "*"))
		require.NoError(t, err)
		for _, dir := range append(dirs, filepath.Join(a.root, "solutions", e.ID)) {
			t.Run(e.Number+"/as-root/"+filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				own := &session{host: s.host, root: s.root, tools: s.tools, guest: root, limit: time.Minute}
				own.once.Do(func() {})
				j, err := a.judge(own, &request{exercise: e, dir: dir, name: filepath.Base(dir)})
				require.NoError(t, err)
				shown, _ := json.MarshalIndent(j.check, "", "  ")
				assert.Equal(t, grade.Pass, j.check.Verdict, "%s", shown)
			})
		}
	}
}
