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

// inVM is a session whose runs take place in the VM, and which VM that is.
type inVM struct {
	kernel string
	*session
}

// as returns a session of the same VM for one program.
func (s inVM) as(who string) *session {
	g := &guest{place: s.guest.place, say: s.guest.say, ctx: s.guest.ctx, current: s.guest.current}
	g.place.as = who
	own := &session{host: s.host, root: s.root, tools: s.tools, guest: g, limit: time.Minute}
	own.once.Do(func() {}) // the working directory is there already
	return own
}

// TestVM holds, in the VM and on each of its kernels, the verdict of every
// program of the kit: solutions, skeletons, and those of testdata/submissions.
// One boot does for all programs of a kernel.
func TestVM(t *testing.T) {
	a, c := kit(t)
	_, err := openTestSession(t, a).scratch()
	require.NoError(t, err)
	var vms []inVM
	for _, meta := range vm.Packages() {
		t.Run("boot "+meta, func(t *testing.T) {
			vms = append(vms, inVM{meta, bootForTest(t, a, meta)})
		})
	}
	t.Cleanup(func() {
		for _, s := range vms {
			s.close()
		}
	})
	require.NotEmpty(t, vms)
	for _, e := range c.Exercises {
		testInVMs(t, a, vms, e)
	}
}

// bootForTest returns a session in a VM that came up.
func bootForTest(t *testing.T, a *app, meta string) *session {
	t.Helper()
	s, _, _, err := a.openSessionAt(place{vm: "tcg", kernel: meta})
	require.NoError(t, err)
	err = s.guest.attempt().err
	if err != nil {
		s.close()
	}
	if errors.Is(err, debian.ErrUnknown) && meta != vm.Packages()[0] {
		t.Skipf("needs %s, which this suite does not have", meta)
	}
	require.NoError(t, err)
	return s
}

// testInVMs starts a parallel test for every program of an exercise.
func testInVMs(t *testing.T, a *app, vms []inVM, e *course.Exercise) {
	inEach := func(name string, test func(t *testing.T, s inVM)) {
		t.Run(e.Number+"/"+name, func(t *testing.T) {
			t.Parallel()
			for _, s := range vms {
				t.Run(s.kernel, func(t *testing.T) { test(t, s) })
			}
		})
	}
	verdict := func(t *testing.T, s inVM, as, dir string) grade.Check {
		j, err := a.judge(s.as(as), &request{exercise: e, dir: dir, name: filepath.Base(dir)})
		require.NoError(t, err)
		return j.check
	}
	passes := func(t *testing.T, check grade.Check) {
		shown, _ := json.MarshalIndent(check, "", "  ")
		assert.Equal(t, grade.Pass, check.Verdict, "%s", shown)
		assert.Equal(t, e.Points(), check.Score)
	}
	solution, exercise := filepath.Join(a.root, "solutions", e.ID), filepath.Join(a.root, "exercises", e.ID)
	inEach("solution", func(t *testing.T, s inVM) { passes(t, verdict(t, s, "", solution)) })
	inEach("solution as root", func(t *testing.T, s inVM) { passes(t, verdict(t, s, "root", solution)) })
	inEach("skeleton", func(t *testing.T, s inVM) {
		check := verdict(t, s, "", exercise)
		assert.Equal(t, grade.Fail, check.Verdict)
		assert.Equal(t, 0, check.Score)
	})
	for _, kind := range []string{"accept", "reject", "error"} {
		dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, kind, "*"))
		require.NoError(t, err)
		for _, dir := range dirs {
			name := kind + "/" + filepath.Base(dir)
			inEach(name, func(t *testing.T, s inVM) {
				testSubmission(t, a, s.session, e, dir, kind, func(string, int) {})
			})
			if kind == "error" { // it works as real root
				inEach(name+" as root", func(t *testing.T, s inVM) { passes(t, verdict(t, s, "root", dir)) })
			}
		}
	}
}
