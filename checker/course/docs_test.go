package course

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/scenario"
)

func TestCourse(t *testing.T) {
	loaded, err := Load(root)
	require.NoError(t, err)
	for _, exercise := range loaded.Exercises {
		assert.Equal(t, 100, exercise.Points(), "points of %s", exercise.ID)
		for _, step := range exercise.Steps {
			points, err := scenario.Points(filepath.Join(root, step.Scenario))
			require.NoError(t, err)
			assert.Equal(t, points, step.Points, "course and scenario read %s alike", step.Scenario)
		}
	}
	_, step, err := loaded.Find("03.2")
	require.NoError(t, err)
	assert.Equal(t, "Add namespace isolation", step.Title)
	assert.Equal(t, "step-2-add-namespace-isolation", step.Anchor)
	assert.Equal(t, 30, step.Points)
}

func TestPagesHaveHints(t *testing.T) {
	least := map[string]int{"03.2": 3}
	for name, content := range pagesOf(t) {
		if name == "README.md" {
			continue
		}
		parsed, err := parsePage(name, content)
		require.NoError(t, err)
		for _, step := range parsed.steps {
			id := fmt.Sprintf("%s.%d", name[:2], step.Number)
			assert.GreaterOrEqual(t, len(step.Hints), max(2, least[id]), "hints of %s", id)
		}
	}
}

func TestPagesSayWhatToType(t *testing.T) {
	check := regexp.MustCompile(`(?m)^make check STEP=(\S+)$`)
	for name, content := range pagesOf(t) {
		if name == "README.md" {
			continue
		}
		parsed, err := parsePage(name, content)
		require.NoError(t, err)
		var want, got []string
		for _, step := range parsed.steps {
			want = append(want, fmt.Sprintf("%s.%d", name[:2], step.Number))
		}
		want[len(want)-1] = name[:2]
		for _, match := range check.FindAllSubmatch(content, -1) {
			got = append(got, string(match[1]))
		}
		assert.Equal(t, want, got, "%s: a check for every step, and one of them all for the last", name)
		assert.True(t, strings.Contains(string(content), "exercises/"+strings.TrimSuffix(name, ".md")), "docs/%s does not say which file to open", name)
	}
}

func TestLinksLead(t *testing.T) {
	linkForm := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	files, err := filepath.Glob(filepath.Join(root, pages, "*.md"))
	require.NoError(t, err)
	local := 0
	for _, path := range append(files, filepath.Join(root, "README.md")) {
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		name := filepath.Base(path)
		for _, match := range linkForm.FindAllSubmatch(content, -1) {
			target := string(match[1])
			if strings.HasPrefix(target, "https://") {
				continue
			}
			local++
			file, anchor, _ := strings.Cut(target, "#")
			if file == "" {
				file = name
			}
			there := filepath.Join(filepath.Dir(path), file)
			if _, err := os.Stat(there); !assert.NoError(t, err, "%s: link to %s", name, target) || anchor == "" {
				continue
			}
			text, err := os.ReadFile(there)
			require.NoError(t, err)
			assert.True(t, slices.Contains(anchorsOf(t, text), anchor), "%s: link to %s: no such heading", name, target)
		}
	}
	assert.Positive(t, local)
}

func anchorsOf(t *testing.T, source []byte) []string {
	t.Helper()
	r := reader{slugs: slugs{}}
	for i, line := range strings.Split(string(source), "\n") {
		require.NoError(t, r.read(line, i+1))
	}
	return r.anchors
}

// Pages are linked as the course goes: each leads to the one that it starts
// from, and to all that start from it.
func TestPagesAreLinked(t *testing.T) {
	loaded, err := Load(root)
	require.NoError(t, err)
	contents := pagesOf(t)
	has := func(text, which, target string) bool {
		return regexp.MustCompile(`\[` + which + ` page[^]]*\]\(` + regexp.QuoteMeta(target) + `\)`).MatchString(text)
	}
	for i, e := range loaded.Exercises {
		name := filepath.Base(e.Page)
		text := string(contents[name])
		assert.True(t, strings.Contains(string(contents["README.md"]), "]("+name+")"), "docs/README.md has no row for %s", name)
		assert.Equal(t, i == 0, e.Before == "", "%s has a page before it", name)
		if e.Before == "" {
			assert.True(t, has(text, "Previous", "README.md"), "docs/%s has no [Previous page](README.md)", name)
		}
		after := loaded.After(e.ID)
		if len(after) == 0 {
			assert.True(t, has(text, "Next", "README.md#what-comes-next"), "docs/%s has no [Next page](README.md#what-comes-next)", name)
		}
		for _, next := range after {
			assert.True(t, has(text, "Next", filepath.Base(next.Page)), "docs/%s has no [Next page](%s)", name, filepath.Base(next.Page))
		}
	}
}
