package export

import (
	"testing"

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
