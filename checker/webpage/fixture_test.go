package webpage

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
)

const exercise = "03-namespace-isolation"

func someClass() grade.Class {
	return grade.Class{
		Exercise: exercise, Title: "Namespace isolation",
		Steps: []grade.Step{
			{Number: 1, Title: "What the child sees", Points: 20}, {Number: 2, Title: "Add namespace isolation", Points: 30},
			{Number: 3, Title: "Set the hostname", Points: 30}, {Number: 4, Title: "Build, run, test", Points: 20},
		},
	}
}

// record is the record of a submission. Nobody else has a hand in its times.
func record(name string, run *evidence.Run, build grade.Build, steps ...grade.StepResult) *grade.Record {
	return &grade.Record{
		Version: grade.RecordVersion, Started: time.Date(2026, 3, 1, 12, 30, 5, 0, time.UTC), Run: run,
		Entry: grade.Entry{Name: name, Check: grade.Sum(exercise, name, steps, build, 412*time.Millisecond)},
	}
}

// judged returns the kit's recordings of real runs, judged, with the sources of
// the programs that were recorded.
func judged(t testing.TB) []*grade.Record {
	t.Helper()
	recordings, err := filepath.Glob("../../testdata/evidence/" + exercise + "/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(recordings), 8)
	scenarios, err := filepath.Glob("../../testdata/scenarios/" + exercise + "/*.txtar")
	require.NoError(t, err)
	require.Len(t, scenarios, 4)
	var all []*grade.Record
	for _, path := range recordings {
		recording, err := scenario.ReadRecording(path)
		require.NoError(t, err)
		var steps []grade.StepResult
		for i, step := range someClass().Steps {
			outcome, err := scenario.Judge(context.Background(), scenario.Script{
				Path: scenarios[i], Exercise: exercise, Step: step.Number, Page: "docs/" + exercise + ".md", Anchor: fmt.Sprintf("step-%d", step.Number),
				Args: recording.Args, WorkDir: t.TempDir(), Passed: grade.Passed(steps),
			}, recording.Run)
			steps = append(steps, grade.Judged(step, outcome, err))
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		r := record(name, recording.Runs[0].Run, grade.Build{OK: true}, steps...)
		r.Sources = sources(t, name)
		all = append(all, r)
	}
	return all
}

// sources returns the source of the submission of that name.
func sources(t testing.TB, name string) []grade.Source {
	found, err := filepath.Glob("../../testdata/submissions/" + exercise + "/*/" + name + "/*.go")
	require.NoError(t, err)
	if name == "solution" {
		found = []string{"../../solutions/" + exercise + "/main.go"}
	}
	require.NotEmpty(t, found, name)
	var all []grade.Source
	for _, path := range found {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		all = append(all, grade.Source{Path: filepath.Base(path), Text: string(text)})
	}
	return all
}

// unrun returns submissions for which there is no run: one that does not
// compile, one that the checker could not judge, one that this machine could not
// run.
func unrun(t testing.TB) []*grade.Record {
	steps := someClass().Steps
	result := func(n int, v grade.Verdict, reason string) grade.StepResult {
		return grade.StepResult{Step: n, Title: steps[n-1].Title, Verdict: v, MaxScore: steps[n-1].Points, Reason: reason}
	}
	pass := result(1, grade.Pass, "")
	pass.Score = pass.MaxScore
	waits := result(3, grade.Skip, "waits until step 2 has passed")
	waits.Needs = []int{2}

	broken := record("does-not-compile", nil,
		grade.Build{Errors: []grade.Message{{File: "main.go", Line: 24, Col: 15, Text: "undefined: syscal"}, {File: "main.go", Line: 29, Text: "too few arguments\n\thave ()\n\twant (int)"}}},
		grade.NotBuilt(steps, scenario.Finding{Want: "a program that compiles", Saw: "undefined: syscal", Try: "mend the first message first", Cause: doesNotCompile, At: "main.go:24"})...)
	broken.Sources = sources(t, "does-not-compile")
	return []*grade.Record{
		broken,
		record("no-verdict", nil, grade.Build{OK: true}, pass, result(2, grade.Error, "record the run: no space left on device"), waits),
		record("not-run", nil, grade.Build{OK: true}, pass, result(2, grade.Skip, "this kernel has no UTS namespaces"), waits),
	}
}

// students returns n submissions in the order of their names.
func students(t testing.TB, n int) []*grade.Record {
	some := append(judged(t), unrun(t)...)
	var all []*grade.Record
	for i := range n {
		r := *some[i%len(some)]
		r.Entry.Name = fmt.Sprintf("student-%04d", i)
		r.Started = r.Started.Add(time.Duration(i) * time.Second)
		all = append(all, &r)
	}
	return all
}

// pageOf returns the page of these records.
func pageOf(t testing.TB, records ...*grade.Record) string {
	t.Helper()
	var out bytes.Buffer
	p, err := New(&out, someClass())
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, p.Add(r))
	}
	require.NoError(t, p.Close())
	return out.String()
}

func inOrder(records []*grade.Record) []*grade.Record {
	slices.SortFunc(records, func(a, b *grade.Record) int { return strings.Compare(a.Entry.Name, b.Entry.Name) })
	return records
}
