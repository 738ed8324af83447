package export

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// tree returns the files of a folder and what they hold.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		all[name] = read(t, path)
		return err
	}))
	return all
}

// The same records give the same bytes, and there is a file for each.
func TestReportsAreTheSameBytes(t *testing.T) {
	records := realRecords(t)
	one := tree(t, write(t, someClass(), records))
	again := tree(t, write(t, someClass(), realRecords(t)))
	assert.Equal(t, one, again)
	assert.Len(t, one, 5+5*len(records), "and no temporary file")
	for _, name := range []string{
		"results.json", "results.csv", "junit.xml", "summary.md", "report.html", "gradescope/solution/results.json",
		"classroom/solution.json", "exercism/solution.json", "tap/solution.tap", "github/solution.txt",
	} {
		assert.NotEmpty(t, one[name], name)
	}
}

// A second call replaces all that the first one made, also of submissions that
// are gone; one that fails replaces nothing.
func TestReportsAreReplacedWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "out")
	make := func(names ...string) error {
		out, err := Open(dir, someClass(), nil)
		require.NoError(t, err)
		for _, name := range names {
			if err = out.Add(record(name, nil, grade.Build{OK: true}, step(1, grade.Pass, ""))); err != nil {
				break
			}
		}
		return errors.Join(err, out.Close())
	}
	require.NoError(t, make("a", "b"))
	require.NoError(t, make("b", "c"))
	before := tree(t, dir)
	assert.Contains(t, before, "gradescope/c/results.json")
	assert.NotContains(t, before, "gradescope/a/results.json")
	assert.NotContains(t, before, "tap/c.tap", "only what was asked for")

	require.ErrorContains(t, make("d", "a"), `report "a": it comes after "d"`)
	require.ErrorContains(t, make("d", "d"), `it comes after`)
	assert.Equal(t, before, tree(t, dir))

	_, err := Open(dir, someClass(), []string{"tap", "pdf"})
	require.EqualError(t, err, `no further format "pdf"; there are exercism, tap, github`)
	_, err = Open(filepath.Join(dir, "results.csv"), someClass(), nil)
	require.ErrorContains(t, err, "results.csv: not a directory")
}

// What a killed call left is no obstacle.
func TestReportsAfterAKill(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".gradescope.tmp", "x"), 0o755))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, ".tap.tmp", "x"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".tap.tmp", "x", "y"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".results.json.tmp"), []byte("half"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, ".junit.body.tmp"), []byte("half"), 0o600))
	out, err := Open(dir, someClass(), nil)
	require.NoError(t, err)
	require.NoError(t, out.Close())
	assert.Len(t, tree(t, dir), 5)
}

type elsewhere struct {
	names  []string
	closed int
	err    error
}

func (e *elsewhere) Add(r *grade.Record) error { e.names = append(e.names, r.Entry.Name); return e.err }
func (e *elsewhere) Close() error              { e.closed++; return nil }

func TestReportsMadeElsewhere(t *testing.T) {
	more := &elsewhere{}
	dir := t.TempDir()
	out, err := Open(dir, someClass(), nil, more)
	require.NoError(t, err)
	require.NoError(t, out.Add(record("a", nil, grade.Build{}, step(1, grade.Pass, ""))))
	more.err = errors.New("disk full")
	require.ErrorContains(t, out.Add(record("b", nil, grade.Build{}, step(1, grade.Pass, ""))), `report "b": disk full`)
	require.ErrorContains(t, out.Close(), "disk full")
	assert.Equal(t, []string{"a", "b"}, more.names)
	assert.Equal(t, 1, more.closed)
	assert.Empty(t, tree(t, dir), "an error leaves nothing")
}

func TestOne(t *testing.T) {
	r := realRecords(t)[0]
	for _, name := range Single() {
		var b strings.Builder
		require.NoError(t, One(&b, name, someClass(), r))
		assert.NotEmpty(t, b.String())
	}
	require.EqualError(t, One(nil, "pdf", someClass(), r), `no format "pdf"; there are junit, gradescope, classroom, exercism, tap, github`)
}

// However many submissions there are, the reports keep no more than a line of
// the summary and of the page's table of each.
func TestMemoryIsFlat(t *testing.T) {
	out, err := Open(t.TempDir(), someClass(), Extra())
	require.NoError(t, err)
	records := realRecords(t)
	used := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	var first uint64
	for i := range 300 {
		r := *records[i%len(records)]
		r.Entry.Name = fmt.Sprintf("%05d", i)
		require.NoError(t, out.Add(&r))
		if i == 99 {
			first = used()
		}
	}
	grown := int64(used()) - int64(first)
	t.Logf("100 submissions: %d KiB; %d more for 200 further ones", first>>10, grown>>10)
	assert.Less(t, grown, int64(200<<10), "bytes, for 200 submissions")
	require.NoError(t, out.Close())
}
