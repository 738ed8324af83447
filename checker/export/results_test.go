package export

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
	"pidone/checker/report"
)

// strict reads JSON that may hold nothing but what into knows.
func strict(t testing.TB, text string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(into))
	require.False(t, d.More())
}

func TestResults(t *testing.T) {
	records := realRecords(t)
	text := read(t, write(t, someClass(), records), "results.json")
	var got struct {
		Exercise    string        `json:"exercise"`
		Submissions []grade.Entry `json:"submissions"`
	}
	strict(t, text, &got)
	assert.Equal(t, "03-namespace-isolation", got.Exercise)
	require.Len(t, got.Submissions, len(records))
	for i, r := range records {
		e := r.Entry
		e.Check = report.Whole(e.Check)
		assert.Equal(t, e, got.Submissions[i])
	}
	assert.NotContains(t, text, "null")

	// Each is the JSON of one check, behind its name.
	var raw struct{ Submissions []json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(text), &raw))
	for i, r := range records {
		var one bytes.Buffer
		require.NoError(t, report.JSON(&one, &r.Entry.Check))
		var want, have bytes.Buffer
		require.NoError(t, json.Compact(&want, one.Bytes()))
		require.NoError(t, json.Compact(&have, raw.Submissions[i]))
		name, err := json.Marshal(r.Entry.Name)
		require.NoError(t, err)
		assert.Equal(t, `{"name":`+string(name)+`,`+want.String()[1:], have.String())
	}

	assert.Equal(t, "{\n  \"exercise\": \"03-namespace-isolation\",\n  \"submissions\": [\n    \n  ]\n}\n", read(t, write(t, someClass(), nil), "results.json"))
}

func hostileResults(t *testing.T, dir string, records []*grade.Record) {
	text := read(t, dir, "results.json")
	plain(t, text)
	assert.NotContains(t, text, "<")
	var got struct{ Submissions []grade.Entry }
	require.NoError(t, json.Unmarshal([]byte(text), &got))
	require.Len(t, got.Submissions, len(records))
	for i, r := range records {
		require.Equal(t, string([]rune(r.Entry.Name)), got.Submissions[i].Name)
	}
}

// column returns the index of a column.
func column(t *testing.T, head []string, name string) int {
	t.Helper()
	for i, h := range head {
		if h == name {
			return i
		}
	}
	require.Fail(t, "no column "+name)
	return -1
}

func TestTable(t *testing.T) {
	records := realRecords(t)
	text := read(t, write(t, someClass(), records), "results.csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(records))
	assert.Equal(t, len(rows), strings.Count(text, "\r\n"))
	assert.Equal(t, len(rows), strings.Count(text, "\n"), "a line for each row")
	assert.Equal(t, "name,verdict,score,max_score,step_1_verdict,step_1_score,step_2_verdict,step_2_score,step_3_verdict,step_3_score,"+
		"step_4_verdict,step_4_score,step,cause,saw,try,reason,at,duration_ms,submission", strings.Join(rows[0], ","))
	by := map[string][]string{}
	for _, row := range rows[1:] {
		by[row[0]] = row
	}
	assert.Equal(t, []string{"solution", "pass", "100", "100", "pass", "20", "pass", "30", "pass", "30", "pass", "20"}, by["solution"][:12])
	flag := by["flag-missing-pid"]
	assert.Equal(t, "flag-missing-pid", flag[column(t, rows[0], "cause")])
	assert.NotEmpty(t, flag[column(t, rows[0], "try")])
	assert.Equal(t, "2", flag[column(t, rows[0], "step")])
	// What costs nothing is no zero.
	assert.Equal(t, []string{"error", "", "", "error", "", "error", "", "error", "", "error", ""}, by["zz-error"][1:12])
	assert.Equal(t, "no user namespaces: max_user_namespaces is 0", by["zz-error"][column(t, rows[0], "reason")])
	assert.Equal(t, []string{"error", "40", "40", "pass", "20", "error", "", "skip", "", "pass", "20"}, by["zz-error-in-one"][1:12])
	assert.Equal(t, []string{"fail", "40", "100", "pass", "20", "fail", "0", "skip", "0", "pass", "20"}, by["zz-waits"][1:12])
	assert.Equal(t, "does-not-compile", by["zz-does-not-compile"][column(t, rows[0], "cause")])
	assert.Equal(t, "nothing was run", by["zz-zero"][column(t, rows[0], "reason")])
}

// harmless fails if a spreadsheet may take a cell for a formula, also where it
// begins a cell at each semicolon.
func harmless(t testing.TB, cell string) {
	t.Helper()
	for part := range strings.SplitSeq(cell, ";") {
		part = strings.TrimLeft(part, " \t\u00a0\u3000\"")
		if part != "" && strings.ContainsAny(part[:1], "=+-@\t\r\n|%") {
			require.Failf(t, "formula", "%.100q in %.100q", part, cell)
		}
		for _, start := range []string{"＝", "＋", "－", "＠", "﹦", "﹢", "﹣", "﹫", "−"} {
			if strings.HasPrefix(part, start) {
				require.Failf(t, "formula", "%.100q in %.100q", part, cell)
			}
		}
	}
}

func hostileTable(t *testing.T, dir string, records []*grade.Record) {
	text := read(t, dir, "results.csv")
	plain(t, text)
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+len(records))
	for _, row := range rows {
		require.Len(t, row, len(rows[0]))
		for _, cell := range row {
			harmless(t, cell)
			require.Less(t, len(cell), 32767)
		}
	}
	// A reader that we did not write, of another language.
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is missing")
	}
	script := "import csv,json,sys\nsys.stdout.write(json.dumps(list(csv.reader(open(sys.argv[1],newline='',encoding='utf-8'),strict=True))))"
	out, err := exec.Command(python, "-c", script, filepath.Join(dir, "results.csv")).Output()
	require.NoError(t, err)
	var theirs [][]string
	require.NoError(t, json.Unmarshal(out, &theirs))
	assert.Equal(t, rows, theirs)
}

func TestCell(t *testing.T) {
	for _, bad := range []string{"=1", " @x", "a;=b", "\uff1d", `";=1`} {
		assert.NotEqual(t, bad, cell(bad))
	}
	for _, good := range []string{"Ada", "1-2", "a-b", "3", "x = y", "main.go:31", "a,=b", "it's"} {
		assert.Equal(t, good, cell(good))
	}
}
