package scenario

import (
	"context"
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// Whatever evidence there is, judging it ends: with findings that say
// everything a finding has to, or with an error.
func FuzzJudge(f *testing.F) {
	for _, s := range append(wrong(), append(rightIsolation(), rightCreation()...)...) {
		run, _ := s.runner()
		for _, spec := range []RunSpec{{}, {Args: []string{"child"}}, {ChildExit: 3}} {
			e, err := run(context.Background(), spec)
			require.NoError(f, err)
			data, err := json.Marshal(e)
			require.NoError(f, err)
			if len(data) < 10000 {
				f.Add(data)
			}
		}
	}
	var scripts [][]compiled
	for _, exercise := range []string{ex02, ex03} {
		for _, path := range files(f, exercise) {
			lines, err := compileFile(path)
			require.NoError(f, err)
			scripts = append(scripts, lines)
		}
	}
	ranks := causeRanks()
	f.Fuzz(func(t *testing.T, data []byte) {
		var e evidence.Run
		if json.Unmarshal(data, &e) != nil {
			return
		}
		for _, lines := range scripts {
			s := Session{lines: lines, scene: scene{
				ctx: context.Background(), script: &Script{Passed: map[int]bool{1: true, 2: true, 3: true}},
				run: func(context.Context, RunSpec) (*evidence.Run, error) { return &e, nil },
			}}
			for _, l := range lines {
				s.step(l.neg, l.words)
			}
			o := s.Outcome()
			assert.NoError(t, s.complete())
			if o.Err != nil {
				assert.Empty(t, o.Findings)
			}
			for _, found := range o.Findings {
				assert.Contains(t, ranks, found.Cause)
				for _, text := range []string{found.Want, found.Saw, found.Try} {
					assert.NotEmpty(t, text)
				}
				for _, text := range []string{found.Want, found.Saw, found.Why, found.Try} {
					assert.NotContains(t, text, "\n")
					assert.NotContains(t, text, "\x1b")
					assert.LessOrEqual(t, len([]rune(text)), 1000)
				}
			}
		}
	})
}

func TestReferenceHasNotDrifted(t *testing.T) {
	const path = "../../docs/scenarios.md"
	page, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, Reference(), string(page), "%s: run make update", path)
}

func TestReferenceSaysEverything(t *testing.T) {
	page := Reference()
	for _, s := range vocabulary() {
		assert.Contains(t, page, "`"+s.String()+"`")
		assert.NotEmpty(t, s.about)
	}
	for _, c := range Causes() {
		assert.Contains(t, page, "`"+c.ID+"`")
		assert.NotEmpty(t, c.About)
	}
	for _, words := range []string{"pid 1 of a PID namespace other than the host's", "the one that was made first", "all its writes to that target joined"} {
		assert.Contains(t, page, words)
	}
}

// The package stands on evidence, patterns, testscript and the standard library alone.
func TestImports(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	for _, source := range sources {
		if strings.HasSuffix(source, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			require.NoError(t, err)
			first, _, _ := strings.Cut(path, "/")
			allowed := path == "pidone/checker/evidence" || path == "pidone/checker/pattern" || path == "github.com/rogpeppe/go-internal/testscript" || !strings.Contains(first, ".") && first != "pidone"
			assert.True(t, allowed, "%s imports %s", source, path)
		}
	}
}
