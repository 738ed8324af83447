package scenario

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// script writes a scenario and returns its path.
func script(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "1-test.txtar")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

// outsiders are causes that no scenario of 02 and 03 leads to.
func outsiders() map[string]string {
	return map[string]string{
		"flag-missing-other": "points 1\ncontainer\nchild in-new net\n",
		"not-pid-1":          "points 1\ncontainer\nchild pid 2\n",
	}
}

func TestOutsiders(t *testing.T) {
	for cause, text := range outsiders() {
		run, _ := rightIsolation()[0].runner()
		o, err := Judge(context.Background(), Script{Path: script(t, text), WorkDir: t.TempDir()}, run)
		require.NoError(t, err)
		require.NoError(t, o.Err)
		require.Len(t, o.Findings, 1)
		assert.Equal(t, cause, o.Findings[0].Cause)
	}
}

func TestFindingsWithoutARun(t *testing.T) {
	s := Script{Exercise: ex03, Step: 1, Page: "docs/03-namespace-isolation.md", Anchor: "step-1"}
	for _, f := range []Finding{
		DoesNotCompile(s, "main.go:3:2: undefined: foo", "main.go:3", true),
		Unchanged(s, "exercises/03-namespace-isolation/main.go:31"),
		NotTaken(s, "not-go", "report.pdf, and no Go file", "hand in the folder with main.go"),
	} {
		assert.Contains(t, causeRanks(), f.Cause)
		assert.NotEmpty(t, f.Want)
		assert.NotEmpty(t, f.Saw)
		assert.NotEmpty(t, f.Try)
		assert.Equal(t, f.Cause == "not-go", f.At == "")
		if f.Cause != "skeleton-unchanged" { // what helps depends on what is wrong
			assert.Equal(t, "docs/03-namespace-isolation.md", f.Hint)
			assert.Empty(t, f.Ask)
		} else {
			assert.Equal(t, "docs/03-namespace-isolation.md#step-1", f.Hint)
			assert.Equal(t, "make hint STEP=03.1", f.Ask)
		}
		lead := Lead(f, []Finding{{Cause: "no-child", Follows: 2}, {Cause: "pid-not-printed"}})
		require.Len(t, lead, 1)
		assert.Equal(t, f.Cause, lead[0].Cause)
		assert.Equal(t, 4, lead[0].Follows)
	}
}

func TestWhatToDoAboutTheCompilersMessage(t *testing.T) {
	for first, try := range map[string]string{
		"undefined: exec":                                  `add "os/exec" to the import list at the top of the file`,
		"main.go:3:2: undefined: syscall":                  `add "syscall" to the import list at the top of the file`,
		"declared and not used: name":                      "use name, or take it out",
		"undefined: foo":                                   "mend the first message first: later ones often follow from it",
		"undefined: exec.Comand":                           "mend the first message first: later ones often follow from it",
		`"os" imported and not used`:                       `take "os" out of the import list, or use it`,
		"is a named pipe, not a regular file":              "put the file itself in its place",
		"there are no Go files in the submission's folder": "give the folder that holds main.go",
		"x redeclared in this block\n\ta.go:1:1: other":    "keep one of the two; an old copy of a file belongs in another folder",
	} {
		assert.Equal(t, try, DoesNotCompile(Script{}, first, "", true).Try, first)
	}
	assert.Equal(t, `it does not build: "x redeclared in this block, a.go:1:1: other declaration of x"`,
		DoesNotCompile(Script{}, "x redeclared in this block\n\ta.go:1:1: other declaration of x", "", true).Saw)
	assert.Equal(t, "mend what the message names, then check again", DoesNotCompile(Script{}, "undefined: foo", "", false).Try)
}

// What a cause is about decides which step helps.
func TestFlagsAreTheMatterOfTheirStep(t *testing.T) {
	path := filepath.Join(scenarios, ex03, "1-prepare-the-child.txtar")
	s := Script{Path: path, Exercise: ex03, Step: 1, Page: "page.md", Anchor: "step-1", Anchors: map[int]string{2: "step-2"}}
	for cause, step := range map[string]string{"unshareflags": "2", "flags-missing": "2", "nothing-printed": "1"} {
		f := s.finding("1-prepare-the-child.txtar", line{}, &failure{because: because{cause: cause}})
		assert.Equal(t, "make hint STEP=03."+step, f.Ask)
		assert.Equal(t, "page.md#step-"+step, f.Hint)
	}
}

func TestBrokenEvidenceIsAnErrorAndNoFinding(t *testing.T) {
	sound := func() *evidence.Run {
		k, first := newKernel(RunSpec{})
		finish(first, first.start(isolated...))
		return k.over()
	}
	for name, spoil := range map[string]func(*evidence.Run){
		"broken":               func(r *evidence.Run) { r.End.Broken = "the recorder lost a process" },
		"another version":      func(r *evidence.Run) { r.Version++ },
		"no process":           func(r *evidence.Run) { r.Processes = nil },
		"null process":         func(r *evidence.Run) { r.Processes[1] = nil },
		"moved process":        func(r *evidence.Run) { r.Processes[1].ID = 7 },
		"made by itself":       func(r *evidence.Run) { r.Processes[1].Creator = 1 },
		"first made by others": func(r *evidence.Run) { r.Processes[0].Creator = 0 },
		"null event":           func(r *evidence.Run) { r.Events[0] = nil },
		"event of nobody":      func(r *evidence.Run) { r.Events[0].Process = 99 },
		"events out of order":  func(r *evidence.Run) { r.Events[0].Seq = 1 << 20 },
		"names out of order":   func(r *evidence.Run) { r.Names[0].Seq = 1 << 20 },
		"no host":              func(r *evidence.Run) { r.Host.Namespaces = nil },
		"namespaces not known": func(r *evidence.Run) {
			r.Processes[1].Born.Namespaces, r.Processes[1].Last.Namespaces = nil, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			run := sound()
			spoil(run)
			o, err := Judge(context.Background(), Script{Path: files(t, ex03)[1], WorkDir: t.TempDir()},
				func(context.Context, RunSpec) (*evidence.Run, error) { return run, nil })
			require.NoError(t, err)
			assert.Error(t, o.Err)
			assert.Empty(t, o.Findings)
		})
	}
}

func TestRunnersErrorIsAnOutcome(t *testing.T) {
	boom := assert.AnError
	o, err := Judge(context.Background(), Script{Path: files(t, ex03)[0], WorkDir: t.TempDir()},
		func(context.Context, RunSpec) (*evidence.Run, error) { return nil, boom })
	require.NoError(t, err)
	assert.ErrorIs(t, o.Err, boom)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o, err = Judge(ctx, Script{Path: files(t, ex03)[0], WorkDir: t.TempDir()}, nil)
	require.NoError(t, err)
	assert.ErrorIs(t, o.Err, context.Canceled)
}

func TestAnInjectionThatDidNotHappenIsAnError(t *testing.T) {
	o, err := Judge(context.Background(), Script{Path: files(t, ex02)[2], WorkDir: t.TempDir()},
		func(_ context.Context, spec RunSpec) (*evidence.Run, error) {
			k, first := newKernel(RunSpec{})
			again(restart, hello, report)(first, RunSpec{})
			return k.over(), nil
		})
	require.NoError(t, err)
	assert.ErrorContains(t, o.Err, "made to exit with 3")
}

func TestARunnerThatPanicsIsOurFault(t *testing.T) {
	_, err := Judge(context.Background(), Script{Path: files(t, ex03)[0], WorkDir: t.TempDir()},
		func(context.Context, RunSpec) (*evidence.Run, error) { panic("oh") })
	assert.ErrorContains(t, err, "panic: oh")
}

func TestAMissingWorkDirIsOurFault(t *testing.T) {
	run, _ := rightIsolation()[0].runner()
	_, err := Judge(context.Background(), Script{Path: files(t, ex03)[0], WorkDir: filepath.Join(t.TempDir(), "gone")}, run)
	assert.Error(t, err)
}
