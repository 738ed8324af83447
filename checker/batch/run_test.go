package batch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

func TestResultsAreKeptAndUsedAgain(t *testing.T) {
	c, dir := newClass(), t.TempDir()
	names := people(20)
	var done []string
	o := Options{Names: names, Open: c.open, Jobs: 3, Done: func(d Done) { done = append(done, fmt.Sprint(d.Name, d.Verdict, d.Reused)) }}
	s := open(t, dir)
	require.NoError(t, Run(t.Context(), s, o))
	assert.Len(t, done, 20)
	assert.Contains(t, done, "person-007passfalse")
	assert.LessOrEqual(t, c.most, 3)
	for _, name := range names {
		assert.Equal(t, 1, c.graded[name])
		r, err := s.Record(name)
		require.NoError(t, err)
		assert.Equal(t, grade.Pass, r.Entry.Verdict)
		assert.Equal(t, grade.RecordVersion, r.Version)
	}

	done = nil
	require.NoError(t, Run(t.Context(), s, o))
	assert.Len(t, done, 20)
	assert.Contains(t, done, "person-007passtrue")
	assert.Equal(t, 1, c.graded["person-007"])

	c.keys["person-003"] = "another submission, scenario or checker"
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 2, c.graded["person-003"])
	assert.Equal(t, 1, c.graded["person-004"])

	o.Redo, o.Only = true, map[string]bool{"person-004": true}
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 2, c.graded["person-004"])
	assert.Equal(t, 1, c.graded["person-005"])
}

// What waited for another step was told; what the machine lacked a feature for
// was not.
func TestWhatAMachineLackedIsTriedAgain(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	c.grade = func(_ context.Context, name string, _ int, _ *Turn, a *Attempt) error {
		step := grade.StepResult{Step: 2, Verdict: grade.Skip}
		if name == "waits" {
			step.Needs = []int{1}
		}
		a.Record.Entry.Verdict, a.Record.Entry.Steps = grade.Fail, []grade.StepResult{{Step: 1, Verdict: grade.Fail}, step}
		return nil
	}
	o := Options{Names: []string{"lacks", "waits"}, Open: c.open, Jobs: 1}
	for range 3 {
		require.NoError(t, Run(t.Context(), s, o))
	}
	assert.Equal(t, map[string]int{"lacks": 3, "waits": 1}, c.graded)
}

func TestDamagedResultsAreMadeAgain(t *testing.T) {
	for name, content := range map[string]string{
		"empty": "", "half": `{"version":1,"key":"ada"`, "another version": `{"version":0,"key":"ada","entry":{"name":"ada"}}`,
		"another's": `{"version":1,"key":"ada","entry":{"name":"bob"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			c, s := newClass(), open(t, t.TempDir())
			require.NoError(t, os.WriteFile(filepath.Join(s.Dir(), recordName("ada")), []byte(content), 0o644))
			require.NoError(t, Run(t.Context(), s, Options{Names: []string{"ada"}, Open: c.open, Jobs: 1}))
			assert.Equal(t, 1, c.graded["ada"])
			r, err := s.Record("ada")
			require.NoError(t, err)
			require.NotNil(t, r)
		})
	}
}

func TestOnlySomeAreMadeNow(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	names := people(4)
	none := map[string]bool{}
	o := Options{Names: names, Open: c.open, Jobs: 2, Only: map[string]bool{names[1]: true}, Done: func(d Done) {
		if d.Verdict == "" {
			none[d.Name] = true
		}
	}}
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, map[string]int{names[1]: 1}, c.graded)
	assert.Equal(t, map[string]bool{names[0]: true, names[2]: true, names[3]: true}, none)
}

// What errs, and what is in doubt, is graded once more, when nothing else is.
func TestErrorsAndDoubtsAreGradedAgainAlone(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	names := people(12)
	alone := map[string]bool{}
	c.grade = func(_ context.Context, name string, n int, _ *Turn, a *Attempt) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case name == names[2], name == names[5] && n == 1: // one for ever, one once
			a.Record.Entry.Verdict = grade.Error
		case name == names[7]:
			a.Doubt = "out of time"
			a.Record.Entry.Score = n
		}
		if n == 2 {
			alone[name] = c.now == 1
			for _, other := range names {
				alone[name] = alone[name] && c.graded[other] > 0
			}
		}
		return nil
	}
	again := 0
	o := Options{Names: names, Open: c.open, Jobs: 4, Again: func(n int) { again = n }}
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 3, again)
	assert.Equal(t, map[string]bool{names[2]: true, names[5]: true, names[7]: true}, alone)
	verdict := func(name string) grade.Verdict {
		r, err := s.Record(name)
		require.NoError(t, err)
		return r.Entry.Verdict
	}
	assert.Equal(t, grade.Error, verdict(names[2]))
	assert.Equal(t, grade.Pass, verdict(names[5]))
	assert.Equal(t, grade.Pass, verdict(names[7]))
	r, err := s.Record(names[7])
	require.NoError(t, err)
	assert.Equal(t, 2, r.Entry.Score, "the second result stands")

	// An error is no result to be used again.
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 4, c.graded[names[2]])
	assert.Equal(t, 2, c.graded[names[5]])
}

func TestPanicIsAnErrorOfThatSubmission(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	names := people(3)
	c.grade = func(_ context.Context, name string, _ int, _ *Turn, _ *Attempt) error {
		if name == names[1] {
			panic("oh")
		}
		return nil
	}
	require.NoError(t, Run(t.Context(), s, Options{Names: names, Open: c.open, Jobs: 2}))
	r, err := s.Record(names[1])
	require.NoError(t, err)
	assert.Equal(t, grade.Error, r.Entry.Verdict)
	assert.Contains(t, r.Entry.Submission, "oh")
	r, err = s.Record(names[2])
	require.NoError(t, err)
	assert.Equal(t, grade.Pass, r.Entry.Verdict)
}

// A submission that lends its turn lets others on, up to a bound.
func TestTurnsAreLent(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	release := make(chan struct{})
	lent := make(chan struct{}, 100)
	c.grade = func(_ context.Context, _ string, _ int, turn *Turn, _ *Attempt) error {
		turn.Lend()
		lent <- struct{}{}
		<-release
		turn.Resume()
		return nil
	}
	ended := make(chan error)
	go func() {
		ended <- Run(t.Context(), s, Options{Names: people(10), Open: c.open, Jobs: 1})
	}()
	for range 1 + MaxLent {
		<-lent
	}
	select {
	case <-lent:
		t.Error("more than that are open at once")
	case <-time.After(50 * time.Millisecond):
	}
	close(release)
	require.NoError(t, <-ended)
}

func TestInterruptedKeepsWhatWasReached(t *testing.T) {
	c, dir := newClass(), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	c.grade = func(ctx context.Context, name string, _ int, _ *Turn, _ *Attempt) error {
		if name == "person-005" {
			cancel()
		}
		return ctx.Err()
	}
	o := Options{Names: people(50), Open: c.open, Jobs: 2}
	s := open(t, dir)
	assert.ErrorIs(t, Run(ctx, s, o), context.Canceled)
	kept := 0
	for _, name := range o.Names {
		r, err := s.Record(name)
		require.NoError(t, err)
		if r != nil {
			kept++
		}
	}
	assert.Less(t, kept, 25)
	c.grade = nil
	graded := 0
	for _, n := range c.graded {
		graded += n
	}
	require.NoError(t, Run(t.Context(), s, o))
	total := 0
	for _, n := range c.graded {
		total += n
	}
	assert.Equal(t, 50-kept, total-graded, "only the rest is graded")
}

func TestWhatStopsOneStopsAll(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	full := errors.New("the disk is full")
	c.grade = func(_ context.Context, name string, _ int, _ *Turn, _ *Attempt) error {
		if name == "person-003" {
			return full
		}
		return nil
	}
	assert.ErrorIs(t, Run(t.Context(), s, Options{Names: people(500), Open: c.open, Jobs: 2}), full)
	assert.Less(t, len(c.graded), 50)
}

func TestEvidenceIsAResultsPart(t *testing.T) {
	c, s := newClass(), open(t, t.TempDir())
	c.grade = func(_ context.Context, _ string, n int, _ *Turn, a *Attempt) error {
		if n == 1 {
			a.Evidence = nil
		}
		return nil
	}
	o := Options{Names: []string{"ada"}, Open: c.open, Jobs: 1}
	require.NoError(t, Run(t.Context(), s, o))
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 1, c.graded["ada"])
	assert.False(t, s.HasEvidence("ada"))
	o.Evidence = true
	require.NoError(t, Run(t.Context(), s, o))
	assert.Equal(t, 2, c.graded["ada"])
	e, err := s.Evidence("ada")
	require.NoError(t, err)
	r, err := s.Record("ada")
	require.NoError(t, err)
	assert.True(t, e.Started.Equal(r.Started))
	assert.Equal(t, "x", e.Recording.Exercise)
}

func TestJobs(t *testing.T) {
	assert.Equal(t, 1, Jobs(1<<60))
	assert.GreaterOrEqual(t, Jobs(1), 1)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
		return path
	}
	assert.Equal(t, int64(3<<20), freeMemory(write("meminfo", "MemTotal: 9999 kB\nMemAvailable:    3072 kB\n")))
	assert.Zero(t, freeMemory("/nowhere"))
	write("v2/memory.max", "max\n")
	write("v2/a/memory.max", "1000\n")
	write("v2/a/memory.current", "400\n")
	write("v2/a/memory.stat", "anon 1\ninactive_file 100\n")
	write("v2/a/b/memory.max", "5000\n")
	write("v2/a/b/memory.current", "400\n")
	assert.Equal(t, int64(700), groupMemory(write("self2", "0::/a/b\n"), filepath.Join(dir, "v2")), "the tightest; cache that can go does not count")
	write("v1/memory/c/memory.limit_in_bytes", "9223372036854771712\n")
	write("v1/memory/c/memory.usage_in_bytes", "1\n")
	assert.Zero(t, groupMemory(write("self1", "4:pids:/c\n5:memory:/c\n"), filepath.Join(dir, "v1")), "no limit")
}

func TestNamesAreSortedInAManifest(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := ReadManifest(s.Dir())
	assert.ErrorContains(t, err, "nothing was graded")
	m := &Manifest{Class: grade.Class{Exercise: "x"}, Shard: Shard{2, 3}, Names: people(9)}
	require.NoError(t, s.WriteManifest(m))
	got, err := ReadManifest(s.Dir())
	require.NoError(t, err)
	assert.Equal(t, m.Names, got.Names)
	var all []string
	for n := 1; n <= 3; n++ {
		got.Shard = Shard{n, 3}
		all = append(all, got.Share()...)
	}
	slices.Sort(all)
	assert.Equal(t, m.Names, all, "each belongs to just one shard")
	slices.Reverse(m.Names)
	require.NoError(t, s.WriteManifest(m))
	_, err = ReadManifest(s.Dir())
	assert.ErrorContains(t, err, "sorted")
}
