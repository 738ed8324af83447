package export

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// Whatever a submission writes, names or is called, it breaks out of no report:
// the texts of nasty, in every field.
func TestHostile(t *testing.T) {
	records := hostileRecords()
	dir := write(t, someClass(), records)
	for name, test := range map[string]func(*testing.T, string, []*grade.Record){
		"results.json": hostileResults,
		"results.csv":  hostileTable,
		"junit.xml":    hostileJUnit,
		"summary.md":   hostileSummary,
		"platforms":    hostilePlatforms,
		"tap":          hostileTAP,
		"github":       hostileGitHub,
	} {
		t.Run(name, func(t *testing.T) { test(t, dir, records) })
	}
}

// FuzzOne: whatever the text is, in every field, the report of one submission
// keeps the rules of its format.
func FuzzOne(f *testing.F) {
	for _, s := range nasty() {
		if len(s) < 1<<12 {
			f.Add(s)
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := hostile("name", s)
		r.Entry.Name = s
		one := func(format string) string {
			var b strings.Builder
			require.NoError(t, One(&b, format, someClass(), r))
			return b.String()
		}
		validJUnit(t, one("junit"))
		validGradescope(t, one("gradescope"))
		validClassroom(t, one("classroom"))
		validExercism(t, one("exercism"))
		require.Len(t, diagnostics(t, one("tap")), 2)
		var log runner
		log.read(one("github"))
		require.Empty(t, log.token)

		var table, glanced strings.Builder
		for _, report := range []Report{newTable(&table, someClass()), newSummary(&glanced, someClass())} {
			require.NoError(t, report.Add(r))
			require.NoError(t, report.Close())
		}
		plain(t, table.String())
		rows, err := csv.NewReader(strings.NewReader(table.String())).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		for _, cell := range rows[1] {
			harmless(t, cell)
		}
		require.Len(t, glance(t, glanced.String()), 1)
	})
}
