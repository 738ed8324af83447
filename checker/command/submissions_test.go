package command

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/grade"
	"pidone/checker/sandbox"
	"pidone/checker/vm"
)

// want is what a program of testdata/submissions must get: its want.json.
type want struct {
	Verdict grade.Verdict `json:"verdict"`
	Step    int           `json:"step"`    // the first that fails
	Score   int           `json:"score"`   // of 100
	Cause   string        `json:"cause"`   // of the first finding of that step
	AsRoot  grade.Verdict `json:"as_root"` // of an error: the verdict where the machine's root runs it
	Args    []string      `json:"args"`
	CopyOf  string        `json:"copy_of"` // the folder of the kit that the program is, in place of its own files
	About   string        `json:"about"`
}

// rootVariable holds the kit's folder for the tests of this package.
const rootVariable = "PIDONE_TEST_ROOT"

// tempVariable holds a folder that is removed when all tests have run.
const tempVariable = "PIDONE_TEST_TEMP"

func TestMain(m *testing.M) {
	// The VM is booted with the program that boots it, which is this one here.
	if len(os.Args) == 2 && (os.Args[1] == vm.InitCommand || os.Args[1] == vm.ServeCommand) {
		os.Exit(Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	// An ordinary user's tests run as root of a user namespace, as the checker does.
	code, entered, err := sandbox.Enter()
	if err != nil {
		os.Stderr.WriteString("the tests of this package need sandboxes: " + err.Error() + "\n")
		os.Exit(1)
	}
	if entered {
		os.Exit(code)
	}
	// A session changes the working directory, so the kit is looked for now.
	root, err := filepath.Abs("../..")
	temp := ""
	if err == nil {
		temp, err = os.MkdirTemp("", "pidone-test-")
	}
	if err := errors.Join(err, os.Setenv(rootVariable, root), os.Setenv(tempVariable, temp)); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	manyAtATime()
	code = m.Run()
	os.RemoveAll(temp)
	os.Exit(code)
}

// manyAtATime has more tests run at a time than there are processors, unless the
// caller says how many: many a program sleeps until its time limit.
func manyAtATime() {
	flag.Parse()
	said := false
	flag.Visit(func(f *flag.Flag) { said = said || f.Name == "test.parallel" })
	if !said {
		_ = flag.Set("test.parallel", strconv.Itoa(3*runtime.GOMAXPROCS(0)))
	}
}

// kit returns an app and a course for the kit that this test belongs to.
func kit(t *testing.T) (*app, *course.Course) {
	t.Helper()
	root := os.Getenv(rootVariable)
	c, err := course.Load(root)
	require.NoError(t, err)
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	require.NoError(t, err)
	t.Cleanup(func() { null.Close() })
	return &app{in: null, out: null, err: null, root: root, ctx: t.Context()}, c
}

func openTestSession(t *testing.T, a *app) *session {
	t.Helper()
	h, err := sandbox.Open()
	require.NoError(t, err)
	return &session{host: h, root: a.root}
}

// A compiler compiles a program for an exercise.
type compiler func(e *course.Exercise, dir string) (*build.Result, error)

// compilerOf returns one for many programs: as in a class, what one of them imports is
// ready for the next. What an earlier suite has compiled it takes from there.
func compilerOf(t *testing.T, s *session) compiler {
	t.Helper()
	tools, err := build.FindToolchain(t.Context(), s.root)
	require.NoError(t, err)
	s.tools = tools
	w := &warmer{root: s.root, stock: build.NewStock(build.Request{Kit: s.root, Tools: tools}), tried: map[string]bool{}}
	kept := keptPrograms(os.Getenv(keptVariable))
	return func(e *course.Exercise, dir string) (*build.Result, error) {
		b, err := s.compile(t.Context(), e, build.Request{Dir: dir, Exec: kept.find})
		if !errors.Is(err, errNotKept) {
			return b, err
		}
		w.begin(t.Context(), e.ID)
		b, err = s.compile(t.Context(), e, build.Request{Dir: dir, Stock: w.stock, Exec: kept.keep(build.Sandboxed(s.host))})
		if err == nil {
			w.add(t.Context(), b.Cold)
		}
		return b, err
	}
}

// TestSubmissions holds the verdict of every program in testdata/submissions,
// and that every check of every scenario is tripped by one of them.
func TestSubmissions(t *testing.T) {
	a, c := kit(t)
	s := openTestSession(t, a)
	_, err := s.scratch()
	require.NoError(t, err)
	compile := compilerOf(t, s)
	var mu sync.Mutex
	tripped := map[string]map[int]bool{}
	trip := func(scenario string, line int) {
		mu.Lock()
		defer mu.Unlock()
		if tripped[scenario] == nil {
			tripped[scenario] = map[int]bool{}
		}
		tripped[scenario][line] = true
	}
	t.Run("programs", func(t *testing.T) {
		// The last exercise has those that last longest.
		for _, e := range slices.Backward(c.Exercises) {
			// error: right programs of which that cannot be seen in the sandbox.
			for _, kind := range []string{"accept", "reject", "error"} {
				dirs, err := filepath.Glob(filepath.Join(a.root, "testdata/submissions", e.ID, kind, "*"))
				require.NoError(t, err)
				if kind != "error" {
					require.NotEmpty(t, dirs, "no program in testdata/submissions/%s/%s/ (docs/authoring.md)", e.ID, kind)
				}
				for _, dir := range dirs {
					t.Run(e.Number+"/"+kind+"/"+filepath.Base(dir), func(t *testing.T) {
						t.Parallel()
						testSubmission(t, a, s, e, dir, kind, compile, trip)
					})
				}
			}
		}
	})
	if strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // only some of them were asked for
	}
	for _, e := range c.Exercises {
		for _, step := range e.Steps {
			text, err := os.ReadFile(filepath.Join(a.root, step.Scenario))
			require.NoError(t, err)
			for i, line := range strings.Split(string(text), "\n") {
				word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
				switch word {
				case "", "#", "points", "container", "alone", "needs", "rest", "feature", "folder":
					continue // these set up, and check nothing
				}
				assert.True(t, tripped[step.Scenario][i+1], "%s:%d: %q is tripped by no program: make one in testdata/submissions/%s/reject/", step.Scenario, i+1, line, e.ID)
			}
		}
	}
}

// testSubmission checks one program; trip is told of every check that failed.
func testSubmission(t *testing.T, a *app, s *session, e *course.Exercise, dir, kind string, compile compiler, trip func(scenario string, line int)) {
	p := readProgram(t, a, e, dir, kind)
	if cannotRun(t, s, e) {
		holdVerdict(t, e, &p.want, judgeRecording(t, a, e, kind+"-"+filepath.Base(dir), p.dir), true, trip)
		return
	}
	b, err := compile(e, p.dir)
	require.NoError(t, err)
	testBuilt(t, a, s, p, b, trip)
}

// program is one of testdata/submissions.
type program struct {
	exercise *course.Exercise
	dir      string
	kind     string // the folder it is in
	want     want
}

func readProgram(t *testing.T, a *app, e *course.Exercise, dir, kind string) *program {
	t.Helper()
	p := &program{exercise: e, dir: dir, kind: kind}
	data, err := os.ReadFile(filepath.Join(dir, "want.json"))
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &p.want))
	require.NotEmpty(t, p.want.About, "want.json says what the program is about")
	require.Equal(t, map[string]grade.Verdict{"accept": grade.Pass, "reject": grade.Fail, "error": grade.Error}[kind], p.want.Verdict)
	if p.want.CopyOf != "" {
		p.dir = filepath.Join(a.root, p.want.CopyOf)
	}
	return p
}

// testBuilt checks a program that was compiled.
func testBuilt(t *testing.T, a *app, s *session, p *program, b *build.Result, trip func(scenario string, line int)) {
	e, w := p.exercise, p.want
	own := &session{host: s.host, root: s.root, tools: s.tools, guest: s.guest}
	own.once.Do(func() {}) // the working directory is there already
	// Several of them wait for it. In the VM only those have a short one: what waits
	// for a network there is slow.
	if p.kind == "reject" && (s.guest == nil || w.Cause == "time-limit" || w.Cause == "leftover-process") {
		own.limit = 4 * time.Second
	}
	req := &request{exercise: e, dir: p.dir, name: filepath.Base(p.dir), args: w.Args}
	j, err := a.judgeBuilt(own, req, b, time.Now())
	require.NoError(t, err)
	// Without cgroups each process has a limit of its own, which Go meets with a
	// panic.
	limited := s.guest != nil || s.host.NoGroups() == nil || w.Cause != "out-of-memory"
	holdVerdict(t, e, &w, j, limited, trip)
}

// holdVerdict compares what judging a program came to with what was wanted.
func holdVerdict(t *testing.T, e *course.Exercise, w *want, j *judged, limited bool, trip func(scenario string, line int)) {
	t.Helper()
	check := j.check
	shown, _ := json.MarshalIndent(check, "", "  ")
	if !assert.Equal(t, w.Verdict, check.Verdict, "%s", shown) {
		return
	}
	assert.Equal(t, w.Score, check.Score, "%s", shown)
	for _, step := range check.Steps {
		if step.Verdict == grade.Fail {
			assert.Equal(t, w.Step, step.Step, "%s", shown)
			if assert.NotEmpty(t, step.Findings) && limited {
				assert.Equal(t, w.Cause, step.Findings[0].Cause, "%s", shown)
			}
			break
		}
	}
	if w.Verdict == grade.Error {
		assert.True(t, slices.ContainsFunc(check.Steps, func(s grade.StepResult) bool { return s.Try != "" }), "no way out: %s", shown)
	}
	if j.first != nil {
		assert.Empty(t, j.first.End.Broken)
	}
	for i, o := range j.outcomes {
		for _, line := range o.Failed {
			trip(e.Steps[i].Scenario, line)
		}
	}
}
