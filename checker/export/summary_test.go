package export

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	east "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"pidone/checker/grade"
)

// parsed reads Markdown as GitHub does: tables, bare links, strikethrough, tasks.
func parsed(source string) ast.Node {
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote))
	return md.Parser().Parse(text.NewReader([]byte(source)))
}

// glance fails unless all of a summary is headings, paragraphs, tables, code
// and bold words of our own; it returns the rows of its last table, cell by cell.
func glance(t testing.TB, source string) (rows [][]string) {
	t.Helper()
	plain(t, source)
	data := []byte(source)
	require.NoError(t, ast.Walk(parsed(source), func(n ast.Node, in bool) (ast.WalkStatus, error) {
		if !in {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Document, *ast.Heading, *ast.Paragraph, *ast.FencedCodeBlock, *ast.Emphasis, *ast.CodeSpan, *east.TableHeader:
		case *ast.Text:
			words := string(n.Value(data))
			if n.Parent().Kind() != ast.KindCodeSpan { // what GitHub makes links of besides
				require.NotRegexp(t, `@|#\d|\b[0-9a-f]{7,}\b|://|www\.|<|&`, words)
			}
		case *east.Table:
			rows = nil
		case *east.TableRow:
			rows = append(rows, nil)
		case *east.TableCell:
			if len(rows) > 0 {
				rows[len(rows)-1] = append(rows[len(rows)-1], string(n.Lines().Value(data)))
			}
		default:
			require.Failf(t, "markup", "%s: %.300q", n.Kind(), source[:min(len(source), 300)])
		}
		return ast.WalkContinue, nil
	}))
	return rows
}

func TestSummary(t *testing.T) {
	records := realRecords(t)
	source := read(t, write(t, someClass(), records), "summary.md")
	rows := glance(t, source)
	require.Len(t, rows, len(records))
	for i, r := range records {
		require.Len(t, rows[i], 3+4+1)
		assert.Equal(t, "`"+r.Entry.Name+"`", rows[i][0])
		assert.Equal(t, string(r.Entry.Verdict), rows[i][1])
	}
	assert.Contains(t, source, fmt.Sprintf("%d submissions: ", len(records)))
	assert.Contains(t, source, "**3 submissions could not be graded.**")
	assert.Contains(t, source, "| `zz-error` | error | – | ! | ! | ! | ! | `no user namespaces: max_user_namespaces is 0` |")
	assert.Contains(t, source, "| `zz-waits` | fail | 40/100 | ✓ | ✗ | – | ✓ | step 2: `the host's PID namespace: the child is pid 8, not 1` |")
	assert.Regexp(t, "\\| 2 \\| 2 \\| `flag-missing-pid` \\|", source)
	assert.Contains(t, source, "## Scores\n")

	empty := read(t, write(t, someClass(), nil), "summary.md")
	glance(t, empty)
	assert.Contains(t, empty, "0 submissions: 0 pass")
	assert.NotContains(t, empty, "## Submissions")
}

// However many there are, and whatever they say, GitHub takes it.
func TestSummaryIsBounded(t *testing.T) {
	class := someClass()
	class.Title = strings.Repeat("`|", 1000)
	var b strings.Builder
	s := newSummary(&b, class)
	for i := range 3000 {
		r := hostile(fmt.Sprintf("%05d", i), strings.Repeat("\xff", 200)+fmt.Sprint(i))
		require.NoError(t, s.Add(r))
	}
	require.NoError(t, s.Close())
	assert.LessOrEqual(t, b.Len(), maxSummary)
	assert.Greater(t, b.Len(), maxSummary*8/10)
	assert.Regexp(t, `\n\d+ further submissions are not shown: results.csv has all.\n$`, b.String())
	glance(t, b.String())
}

func hostileSummary(t *testing.T, dir string, records []*grade.Record) {
	source := read(t, dir, "summary.md")
	rows := glance(t, source)
	require.Len(t, rows, len(records))
	for _, row := range rows {
		require.Len(t, row, 3+4+1)
	}
	// The test would see what is not escaped.
	for _, bad := range []string{"<b>x</b>", "[x](http://e.invalid)", "http://e.invalid", "m@e.invalid", "![x](y)", "~~x~~", "<http://e.invalid>"} {
		kinds := map[string]bool{}
		require.NoError(t, ast.Walk(parsed(bad), func(n ast.Node, in bool) (ast.WalkStatus, error) {
			kinds[n.Kind().String()] = true
			return ast.WalkContinue, nil
		}))
		assert.GreaterOrEqual(t, len(kinds), 3, bad)
	}
}
