//go:build vm

package command

import (
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/debian"
	"pidone/checker/grade"
	"pidone/checker/vm"
)

// inVM is a session whose runs take place in the VM, and which VM that is.
type inVM struct {
	kernel string
	turns  chan struct{} // as many as there are programs in it at a time
	*session
}

// as returns a session of the same VM for one program.
func (s inVM) as(who string) *session {
	g := &guest{place: s.guest.place, say: s.guest.say, ctx: s.guest.ctx, current: s.guest.current}
	g.place.as = who
	own := &session{host: s.host, root: s.root, tools: s.tools, guest: g}
	own.once.Do(func() {}) // the working directory is there already
	return own
}

// inOneVM is how many programs are checked in a VM at a time: enough to keep its
// processor busy while some sleep until their time limit.
const inOneVM = 4

// TestVM holds, in the VM and on each of its kernels, the verdict of every
// program of the kit: solutions, skeletons, and those of testdata/submissions.
// One boot does for all programs of a kernel. HALF=1 has those of testdata/submissions
// checked in one of the VMs each, in turns, and HALF=2 in the other one.
func TestVM(t *testing.T) {
	top := t
	a, c := kit(t)
	_, err := openTestSession(t, a).scratch()
	require.NoError(t, err)
	var vms []inVM
	for _, meta := range vm.Packages() {
		t.Run("boot "+meta, func(t *testing.T) {
			s := bootForTest(t, a, meta)
			s.guest.say = func(what string) { top.Log(meta, what) }
			vms = append(vms, inVM{meta, make(chan struct{}, inOneVM), s})
		})
	}
	t.Cleanup(func() {
		for _, s := range vms {
			s.close()
		}
	})
	require.NotEmpty(t, vms)
	half, err := strconv.Atoi(cmp.Or(os.Getenv("HALF"), "0"))
	require.NoError(t, err, "HALF")
	compile := compilerOf(t, vms[0].session)
	for _, e := range c.Exercises {
		testInVMs(t, a, vms, e, compile, half)
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

// testInVMs starts a parallel test for every program of an exercise and every VM.
// The program is compiled once. No VM waits for another: one may be slower.
func testInVMs(t *testing.T, a *app, vms []inVM, e *course.Exercise, compile compiler, half int) {
	in := func(vms []inVM, name, dir string, test func(t *testing.T, s inVM, b *build.Result)) {
		compiled := sync.OnceValues(func() (*build.Result, error) { return compile(e, dir) })
		for _, s := range vms {
			t.Run(e.Number+"/"+name+"/"+s.kernel, func(t *testing.T) {
				t.Parallel()
				b, err := compiled()
				require.NoError(t, err)
				s.turns <- struct{}{}
				defer func() { <-s.turns }()
				test(t, s, b)
			})
		}
	}
	inEach := func(name, dir string, test func(t *testing.T, s inVM, b *build.Result)) {
		in(vms, name, dir, test)
	}
	verdict := func(t *testing.T, s inVM, as, dir string, b *build.Result) grade.Check {
		j, err := a.judgeBuilt(s.as(as), &request{exercise: e, dir: dir, name: filepath.Base(dir)}, b, time.Now())
		require.NoError(t, err)
		return j.check
	}
	passes := func(name, dir, as string) {
		inEach(name, dir, func(t *testing.T, s inVM, b *build.Result) {
			check := verdict(t, s, as, dir, b)
			shown, _ := json.MarshalIndent(check, "", "  ")
			assert.Equal(t, grade.Pass, check.Verdict, "%s", shown)
			assert.Equal(t, e.Points(), check.Score)
		})
	}
	solution, exercise := filepath.Join(a.root, "solutions", e.ID), filepath.Join(a.root, "exercises", e.ID)
	passes("solution", solution, "")
	passes("solution as root", solution, "root")
	inEach("skeleton", exercise, func(t *testing.T, s inVM, b *build.Result) {
		check := verdict(t, s, "", exercise, b)
		assert.Equal(t, grade.Fail, check.Verdict)
		assert.Equal(t, 0, check.Score)
	})
	for _, kind := range []string{"accept", "reject", "error"} {
		dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, kind, "*"))
		require.NoError(t, err)
		for i, dir := range dirs {
			name := kind + "/" + filepath.Base(dir)
			p := readProgram(t, a, e, dir, kind)
			where := vms
			if half > 0 {
				where = vms[(i+half)%len(vms):][:1]
			}
			in(where, name, p.dir, func(t *testing.T, s inVM, b *build.Result) {
				testBuilt(t, a, s.session, p, b, func(string, int) {})
			})
			if p.want.AsRoot == grade.Pass {
				passes(name+" as root", p.dir, "root")
			}
		}
	}
}
