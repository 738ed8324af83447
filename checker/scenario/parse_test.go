package scenario

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// Every scenario of the kit has sentences of ours alone in it. testscript's own
// commands, which can run and delete things on this machine, are none.
func TestScenariosHaveOnlyOurSentences(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(scenarios, "*", "*.txtar"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(paths), 8)
	for _, path := range paths {
		assert.NoError(t, Lint(path))
		points, err := Points(path)
		assert.NoError(t, err)
		assert.Positive(t, points)
	}
}

func TestPointsOfAnExerciseAreAHundred(t *testing.T) {
	for exercise, want := range map[string][]int{ex02: {20, 30, 30, 20}, ex03: {20, 30, 30, 20}} {
		var got []int
		for _, path := range files(t, exercise) {
			points, err := Points(path)
			require.NoError(t, err)
			got = append(got, points)
		}
		assert.Equal(t, want, got)
	}
}

func TestLintRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":               "",
		"no points":             "container\nchild exists\n",
		"points late":           "container\npoints 1\nchild exists\n",
		"points twice":          "points 1\npoints 1\nchild exists\n",
		"no points number":      "points\nchild exists\n",
		"points of nought":      "points 0\nchild exists\n",
		"points and more":       "points 1 2\nchild exists\n",
		"no check":              "points 1\ncontainer\n",
		"exec":                  "points 1\nexec rm -rf /\nchild exists\n",
		"rm":                    "points 1\nrm x\nchild exists\n",
		"skip":                  "points 1\nskip\nchild exists\n",
		"stop":                  "points 1\nstop\nchild exists\n",
		"condition":             "points 1\n[linux] child exists\nchild exists\n",
		"variable":              "points 1\ncontainer $HOME\nchild exists\n",
		"file":                  "points 1\nchild exists\n-- main.go --\n",
		"unknown":               "points 1\nchild sings\n",
		"negated":               "points 1\n! child exists\n",
		"leftovers wanted":      "points 1\nleftovers\n",
		"lone !":                "points 1\n!\nchild exists\n",
		"unclosed quote":        "points 1\ncontainer 'x\nchild exists\n",
		"too much":              "points 1\nchild exists twice\n",
		"no kind":               "points 1\nchild in-new\n",
		"unknown kind":          "points 1\nchild in-new pod\n",
		"kind twice":            "points 1\nchild in-new pid pid\n",
		"no pid":                "points 1\nchild pid\n",
		"pid one":               "points 1\nchild pid one\n",
		"unknown stream":        "points 1\nchild wired stdprn\n",
		"child exits 3":         "points 1\nchild exits 3\n",
		"printed nothing":       "points 1\nprinted\n",
		"printed two things":    "points 1\nprinted pid hostname\n",
		"first exits 1":         "points 1\nfirst exits 1\n",
		"first exits 0 or so":   "points 1\nfirst exits 0 or so\n",
		"needs no steps":        "points 1\nneeds steps\nchild exists\n",
		"needs step x":          "points 1\nneeds steps x\nchild exists\n",
		"the rest needs none":   "points 1\nchild exists\nrest needs steps\nchild exists\n",
		"inject what":           "points 1\ncontainer child exits\nchild exists\n",
		"inject nought":         "points 1\ncontainer child exits 0\nchild exists\n",
		"alone with nothing":    "points 1\nalone\nchild exists\n",
		"zero byte in argument": "points 1\ncontainer a\x00b\nchild exists\n",
		"huge":                  "points 1\nchild exists\n" + strings.Repeat("#\n", maxScript),
	} {
		assert.Error(t, Lint(script(t, text)), name)
	}
	assert.Error(t, Lint(filepath.Join(t.TempDir(), "none.txtar")))
	assert.NoError(t, Lint(script(t, "# say\npoints 1 # much\n\ncontainer -- 'a $b' # c\nchild exists\n! leftovers\n")))
}

func TestRunArgs(t *testing.T) {
	for text, want := range map[string]RunSpec{
		"":                             {},
		"child":                        {Args: []string{"child"}},
		"run /bin/sh -c 'echo ''$$'''": {Args: []string{"run", "/bin/sh", "-c", "echo '$$'"}},
		"child exits 3":                {ChildExit: 3},
		"child exits 3 child":          {ChildExit: 3, Args: []string{"child"}},
		"-- child exits 3":             {Args: []string{"child", "exits", "3"}},
		"child exits 3 -- -- x":        {ChildExit: 3, Args: []string{"--", "x"}},
		"''":                           {Args: []string{""}},
	} {
		words, _, err := splitWords(text)
		require.NoError(t, err)
		got, err := runArgs(words)
		require.NoError(t, err)
		assert.Equal(t, want, got, text)
	}
}

func TestKeysTellSpecsApart(t *testing.T) {
	specs := []RunSpec{{}, {ChildExit: 3}, {Args: []string{""}}, {Args: []string{"a", "b"}}, {Args: []string{"a b"}}, {Args: []string{`a" "b`}}, {Args: []string{"3"}}}
	seen := map[string]bool{}
	for _, s := range specs {
		assert.False(t, seen[s.Key()], "%+v", s)
		seen[s.Key()] = true
	}
}

// ARGS replaces the arguments of container lines, and of no others.
func TestArgsReplaceTheScenariosOwn(t *testing.T) {
	var specs []RunSpec
	s := rightCreation()[0]
	run, _ := s.runner()
	_, err := Judge(context.Background(), Script{
		Path:    script(t, "points 1\ncontainer own\nalone child\nchild exists\nprinted pid\ncontainer child exits 3 own\nchild exists\n"),
		Args:    []string{"other"},
		WorkDir: t.TempDir(),
	}, func(ctx context.Context, spec RunSpec) (*evidence.Run, error) {
		specs = append(specs, spec)
		return run(ctx, spec)
	})
	require.NoError(t, err)
	assert.Equal(t, []RunSpec{{Args: []string{"other"}}, {Args: []string{"other"}, ChildExit: 3}}, specs)
}

// Under go test the same scripts run over the same evidence.
func TestScenariosUnderGoTest(t *testing.T) {
	for i, path := range files(t, ex03) {
		run, _ := rightIsolation()[0].runner()
		s, err := NewSession(context.Background(), Script{Path: path, Step: i + 1, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true}}, run)
		require.NoError(t, err)
		testscript.Run(t, s.Params())
		t.Cleanup(func() {
			require.NoError(t, s.complete())
			assert.Empty(t, s.Outcome().Findings)
		})
	}
}

// quoteWord writes a word so that splitWords reads it back.
func quoteWord(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// What testscript makes of a line is what splitWords makes of it: a line that
// the lint let through can mean nothing else when it is run.
func FuzzArguments(f *testing.F) {
	for _, line := range []string{"container run 'a b' # c", "child exits 3 -- x", "printed pid", "! leftovers", "a''b 'c''d'", "\t\r x", "'", "$x", "[linux] x", "first exits 0 or as child"} {
		f.Add(line)
	}
	table := vocabulary()
	f.Fuzz(func(t *testing.T, text string) {
		lines, err := parseScript([]byte(text))
		if err != nil {
			return
		}
		for _, l := range lines {
			var quoted []string
			for _, w := range l.words {
				quoted = append(quoted, quoteWord(w))
			}
			again, _, err := splitWords(strings.Join(quoted, " "))
			require.NoError(t, err)
			require.Equal(t, l.words, again)

			spec, err := runArgs(l.words)
			if err == nil {
				assert.NotContains(t, strings.Join(spec.Args, ""), "\x00")
				assert.True(t, 0 <= spec.ChildExit && spec.ChildExit <= 255)
			}
			if s, do, err := compile(table, l); err == nil {
				assert.NotNil(t, do)
				assert.True(t, slices.Equal(strings.Fields(s.head), l.words[:len(strings.Fields(s.head))]))
			}
		}
	})
}

func TestTestscriptSplitsAsWeDo(t *testing.T) {
	text := "words a 'b c' d''e 'f''g' # h\nwords\t'' \"x y\" i#j\nwords 'k # l'\r\n  words m\n"
	lines, err := parseScript([]byte(text))
	require.NoError(t, err)
	var ours, theirs [][]string
	for _, l := range lines {
		ours = append(ours, l.words[1:])
	}
	path := filepath.Join(t.TempDir(), "split.txtar")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	r := &reporter{}
	r.Run("", func(testscript.T) {
		testscript.RunT(r, testscript.Params{Files: []string{path}, WorkdirRoot: t.TempDir(), Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"words": func(_ *testscript.TestScript, _ bool, args []string) { theirs = append(theirs, slices.Clone(args)) },
		}})
	})
	require.NoError(t, r.broken)
	assert.Equal(t, theirs, ours)
	assert.Len(t, theirs, 4)
}
