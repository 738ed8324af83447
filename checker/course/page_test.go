package course

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

func TestParsePage(t *testing.T) {
	source := strings.Join([]string{
		"Some text before any heading.",
		"",
		"# The *title* of `it` #",
		"",
		"<details><summary>About this page</summary>",
		"not a hint",
		"</details>",
		"",
		"```",
		"# Step 7: in a fence",
		"<details>",
		"```",
		"<!--",
		"# Step 8: in a comment",
		"-->",
		"<!-- # Step 9: on one line -->",
		"May also import: `github.com/a/b`, `example.org/c`.",
		"",
		"## Step 1: print [the name](x.md)",
		"",
		"### Detail",
		"",
		"<details>",
		"<summary>Hint 1</summary>",
		"",
		"First.",
		"",
		"````go",
		"// # Step 3: no",
		"```",
		"</details>",
		"````",
		"</details>",
		"",
		"<details>",
		"<summary>Background</summary>",
		"not a hint either",
		"</details>",
		"",
		"<details open><summary> Hint 2: the code </summary>",
		"",
		"",
		"  Second.",
		"",
		"</details>",
		"",
		"## step",
	}, "\n")

	t.Run("whole", func(t *testing.T) {
		text := strings.TrimSuffix(source, "## step") + "## Step 2: émile's _last_ step\r\n\r\n# Summary\n\n#no heading\n"
		for name, ending := range map[string]string{"LF": "\n", "CRLF": "\r\n"} {
			t.Run(name, func(t *testing.T) {
				text := strings.ReplaceAll(strings.ReplaceAll(text, "\r\n", "\n"), "\n", ending)
				got, err := parsePage("p.md", []byte(text))
				require.NoError(t, err)
				assert.Equal(t, page{
					title: "The title of it",
					steps: []*Step{
						{
							Number: 1,
							Title:  "Print the name",
							Anchor: "step-1-print-the-name",
							Hints:  []string{"First.\n\n````go\n// # Step 3: no\n```\n</details>\n````", "  Second."},
						},
						{Number: 2, Title: "Émile's last step", Anchor: "step-2-émiles-last-step"},
					},
					imports: []string{"github.com/a/b", "example.org/c"},
				}, got)
			})
		}
	})

	t.Run("a heading that is almost a step's", func(t *testing.T) {
		_, err := parsePage("p.md", []byte(source))
		assert.EqualError(t, err, `p.md:`+strconv.Itoa(strings.Count(source, "\n")+1)+`: heading "step": want "Step N: what to do"`)
	})
}

func TestBadPages(t *testing.T) {
	const step = "# Title\n# Step 1: x\n"
	hint := func(lines string) string { return "<details>\n" + lines + "</details>\n" }
	tests := []struct{ name, source, want string }{
		{"empty", "", "p.md: no heading"},
		{"no steps", "# Title\n", "p.md: no heading such as"},
		{"step 2 first", "# Title\n# Step 2: x\n", "p.md:2: heading of step 2 where that of step 1 is due"},
		{"step 1 twice", step + "# Step 1: x\n", "p.md:3: heading of step 1 where that of step 2 is due"},
		{"a gap", step + "# Step 3: x\n", "p.md:3: heading of step 3 where that of step 2 is due"},
		{"no colon", "# Step 1 x\n", `p.md:1: heading "Step 1 x"`},
		{"no title", "# Step 1:\n", `p.md:1: heading "Step 1:"`},
		{"empty heading", "#\n", "p.md:1: an empty heading"},
		{"details open", step + "<details>\n<summary>Hint 1</summary>\nx\n", "p.md:3: <details> is not closed"},
		{"heading in details", step + "<details>\n<summary>Hint 1</summary>\nx\n# Summary\n", "p.md:6: a heading inside the <details> of line 3"},
		{"details in details", step + hint("<summary>Hint 1</summary>\n"+hint("")), "p.md:5: <details> inside that of line 3"},
		{"details closed twice", step + hint("<summary>Hint 1</summary>\nx\n") + "</details>\n", "p.md:7: </details> without <details>"},
		{"text before the end", step + "<details>\n<summary>Hint 1</summary>\nx</details>\n", "p.md:5: </details> has to stand alone"},
		{"no summary", step + hint("x\n"), "p.md:5: the <details> of line 3 have no <summary>"},
		{"two summaries", step + hint("<summary>Hint 1</summary>\n<summary>Hint 2</summary>\n"), "p.md:5: want one <summary>"},
		{"summary on two lines", step + hint("<summary>Hint 1\n</summary>\n"), "p.md:4: want one <summary>"},
		{"empty hint", step + hint("<summary>Hint 1</summary>\n \n\n"), "p.md:7: hint 1 of step 1 is empty"},
		{"no number", step + hint("<summary>Hint</summary>\nx\n"), `p.md:4: summary "Hint": want "Hint N"`},
		{"hint 2 first", step + hint("<summary>Hint 2</summary>\nx\n"), "p.md:4: hint 2 where hint 1 of step 1 is due"},
		{"hint before the steps", "# Title\n" + hint("<summary>Hint 1</summary>\nx\n"), "p.md:3: a hint outside of a step"},
		{"hint after the steps", step + "# Summary\n" + hint("<summary>Hint 1</summary>\nx\n"), "p.md:5: a hint outside of a step"},
		{"fence open", step + "```go\n``\n~~~\n", "p.md: a ``` fence is not closed"},
		{"comment open", step + "<!-- x\n", "p.md: a comment is not closed"},
		{"imports without quotes", step + "May also import: github.com/a/b\n", `p.md:3: want "May also import:"`},
		{"not UTF-8", step + "\xff", "p.md: not UTF-8"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := parsePage("p.md", []byte(test.source))
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestSlugs(t *testing.T) {
	// The last four are what GitHub makes of headings that are there already.
	tests := []struct{ heading, want string }{
		{"Step 2: add namespace isolation", "step-2-add-namespace-isolation"},
		{"Build, run, test", "build-run-test"},
		{"the child's `main.go`", "the-childs-maingo"},
		{"a -- b & c", "a----b--c"},
		{"snake_case and _emphasis_", "snake_case-and-emphasis"},
		{"[a link](http://example.org/x_y)!", "a-link"},
		{"Größe ÄÖ 漢字 ①", "größe-äö-漢字-"},
		{"**bold** *it*", "bold-it"},
		{"twice", "twice"},
		{"twice 1", "twice-1"},
		{"Twice", "twice-2"},
		{"twice", "twice-3"},
	}
	s := slugs{}
	for _, test := range tests {
		assert.Equal(t, test.want, s.next(test.heading), test.heading)
	}
}

// pagesOf returns the Markdown files of the course, relative to docs.
func pagesOf(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pages, "[0-9][0-9]-*.md"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	contents := map[string][]byte{}
	for _, file := range append(files, filepath.Join(root, pages, "README.md")) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		contents[filepath.Base(file)] = content
	}
	return contents
}

func FuzzParsePage(f *testing.F) {
	for _, content := range pagesOf(f) {
		f.Add(content)
	}
	f.Add([]byte("# Step 1: a\n<details><summary>Hint 1</summary>\n~~~\nx\n~~~~\n</details>\n<!-- -->\n# a\n# a\n# a-1\n"))
	f.Fuzz(func(t *testing.T, source []byte) {
		got, err := parsePage("p.md", source)
		if err != nil {
			assert.Regexp(t, `^p\.md:`, err.Error())
			return
		}
		assert.NotEmpty(t, got.title)
		require.NotEmpty(t, got.steps)
		anchors := map[string]bool{}
		for i, step := range got.steps {
			assert.Equal(t, i+1, step.Number)
			assert.NotEmpty(t, step.Title)
			assert.False(t, anchors[step.Anchor], "anchor %q twice", step.Anchor)
			anchors[step.Anchor] = true
			assert.Regexp(t, "^step-"+strconv.Itoa(step.Number), step.Anchor)
			for _, hint := range step.Hints {
				assert.NotEmpty(t, strings.TrimSpace(hint))
				assert.Contains(t, strings.ReplaceAll(string(source), "\r\n", "\n"), strings.Split(hint, "\n")[0])
			}
		}
	})
}
