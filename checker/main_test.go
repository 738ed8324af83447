package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestImports says that imports point one way: a package imports only packages
// that stand below it here.
func TestImports(t *testing.T) {
	order := []string{
		"", "once/sandbox", "command", // main, and the small one
		"batch", "export", "webpage", "report", "grade", "scenario", "picture",
		"remote", "vm", "once",
		"intake", "trace", "internet", "network", "build", "images", "sandbox", "debian", "gradescope",
		"skeleton", "course",
		"evidence", "pace", "pattern", "visible",
		"bench", "tally", "payload", "fetch", // commands of their own, which import nothing of the kit but types
	}
	rank := map[string]int{}
	for i, name := range order {
		rank[name] = i
	}
	may := map[string][]string{
		"":             {"command"},
		"once/sandbox": {"once", "sandbox"},
		"once":         {"trace", "sandbox"},
		"command":      order[3 : slices.Index(order, "evidence")+1],
		"course":       {"pattern"},
		"skeleton":     {"pattern"},
		"batch":        {"grade", "scenario"},
		"report":       {"grade", "scenario", "picture", "evidence", "pattern", "visible"},
		"export":       {"webpage", "report", "grade", "scenario", "visible"},
		"webpage":      {"grade", "scenario", "picture", "evidence", "visible"},
		"picture":      {"evidence", "visible"},
		"grade":        {"scenario", "evidence"},
		"scenario":     {"evidence", "pattern"},
		"trace":        {"sandbox", "evidence"},
		"internet":     {"network", "sandbox", "evidence", "pace"},
		"network":      {"sandbox", "evidence"},
		"intake":       {"build", "pattern"},
		"build":        {"sandbox"},
		"remote":       {"trace", "internet", "network", "build", "sandbox", "evidence"},
		"vm":           {"sandbox", "debian"},
		"images":       {"sandbox"},
		"payload":      {"evidence", "pace"},
		"fetch":        {"images", "debian"},
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir := strings.TrimPrefix(filepath.Dir(path), ".")
		_, known := rank[dir]
		require.True(t, known, "package checker/%s is new: give it a place in this test", dir)
		seen[dir] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, imp := range file.Imports {
			name, ours := strings.CutPrefix(strings.Trim(imp.Path.Value, `"`), "pidone/checker/")
			if ours {
				assert.Contains(t, may[dir], name, "%s imports %s", path, name)
			}
		}
		return nil
	})
	require.NoError(t, err)
	assert.Len(t, seen, len(order), "every package of the list is there")
}
