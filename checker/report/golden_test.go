package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with a file, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
		return
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "write it: go test ./checker/report -update")
	assert.Equal(t, string(want), got)
}

// recorded is a run as it was really recorded, and its child.
func recorded(t testing.TB, name string, child int) (*evidence.Run, *evidence.Process) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".run.json"))
	require.NoError(t, err)
	run := &evidence.Run{}
	require.NoError(t, json.Unmarshal(data, run))
	require.NotNil(t, run.Process(child))
	return run, run.Process(child)
}

func steps(results ...grade.StepResult) []grade.StepResult {
	titles := []string{"Prepare the child", "Add namespace isolation", "Set the hostname", "Build, run and test"}
	points := []int{20, 30, 30, 20}
	for i := range results {
		results[i].Step, results[i].Title, results[i].MaxScore = i+1, titles[i], points[i]
		if results[i].Verdict == grade.Pass {
			results[i].Score = points[i]
		}
	}
	return results
}

func check(verdict grade.Verdict, results []grade.StepResult) *grade.Check {
	c := &grade.Check{
		Exercise: "03-namespace-isolation", Submission: "exercises/03-namespace-isolation",
		Verdict: verdict, MaxScore: 100, DurationMS: 412, Steps: results, Build: grade.Build{OK: true},
	}
	for _, s := range results {
		c.Score += s.Score
	}
	return c
}

const page = "docs/03-namespace-isolation.md"

func flagMissing() scenario.Finding {
	return scenario.Finding{
		Check: "child in-new pid", File: "2-new-namespaces.txtar", Line: 12,
		Want: "the child in a PID namespace of its own",
		Saw:  "the host's PID namespace: the child is pid 8, not 1",
		Why:  "it was created by clone(CLONE_NEWUTS); CLONE_NEWPID is missing",
		Try:  "add syscall.CLONE_NEWPID to Cloneflags",
		Hint: page + "#step-2-add-namespace-isolation", Ask: "make hint STEP=03.2",
		Cause: "flag-missing-pid", At: "main.go:31", Follows: 1,
	}
}

func constantPrinted() scenario.Finding {
	return scenario.Finding{
		Want: "the container printing its new hostname",
		Saw:  "nothing that the container printed has the name in it; it printed \"hostname: container\" \x1b[31m",
		Try:  "ask the kernel for the hostname after you have set it", Ask: "make hint STEP=03.3", Cause: "new-name-not-printed",
	}
}

// A textCase is one check, and what goes with it.
type textCase struct {
	name  string
	check *grade.Check
	x     Context
}

func textCases(t testing.TB) []textCase {
	solution, child := recorded(t, "solution03", 2)
	onHost, hostChild := recorded(t, "hostname-on-host", 2)
	pass := grade.StepResult{Verdict: grade.Pass}
	waits := grade.StepResult{Verdict: grade.Skip, Reason: "waits until steps 1 to 3 pass", Needs: []int{1, 2, 3}}
	lacks := grade.StepResult{Verdict: grade.Skip, Reason: "this machine lacks cgroup2: the controllers of this machine are on cgroup v1; try: check it in the VM, which has cgroup v2: VM=1"}
	same := constantPrinted()
	same.SameAs, same.Why = 2, "never shown"

	broken := check(grade.Fail, grade.NotBuilt([]grade.Step{{Number: 1, Title: "Prepare the child", Points: 20}, {Number: 2, Title: "Add namespace isolation", Points: 30}},
		scenario.Finding{Want: "a program that compiles", Saw: "never shown", Try: "mend the first message first: later ones often follow from it",
			Ask: "make hint STEP=03.1", Cause: "does-not-compile", At: "main.go:14"}))
	broken.Build = grade.Build{Errors: []grade.Message{
		{File: "main.go", Line: 14, Col: 2, Text: "declared and not used: pid"},
		{File: "ns/ns.go", Line: 3, Col: 15, Text: "not enough arguments in call to syscall.Sethostname\n\thave ()\n\twant ([]byte)"},
		{File: "main.go", Line: 20, Col: 6, Text: "run redeclared in this block\n\tmain_old.go:18:6: other declaration of run"},
		{Text: "and 3 more"},
	}}
	refused := check(grade.Fail, nil)
	refused.Build = grade.Build{Errors: []grade.Message{{File: "main.go", Text: "is a symbolic link, not a regular file"}}}

	talkative := &evidence.Run{}
	*talkative = *onHost
	talkative.Stdout.Data = []byte("\x1b[2J\x1b]0;owned\a\rPASS\u202e\xff\n" + "a tab:\there\n" + string(bytes.Repeat([]byte("漢字"), 60)) + "\n" + string(bytes.Repeat([]byte("again\n"), 400)))
	talkative.Stdout.Total = 5_000_000
	const panicked = "panic: oh\n\t/src/sub/main.go:27 +0x1d\nnot /src/main.go, nor /usr/src/x.go:1\n"
	talkative.Stderr = evidence.Stream{Data: []byte(panicked), Total: int64(len(panicked))}

	return []textCase{
		{"pass", check(grade.Pass, steps(pass, pass, pass, pass)), Context{Run: solution, Child: child, Next: "make check STEP=04"}},
		{"fail", check(grade.Fail, steps(pass, grade.StepResult{Verdict: grade.Fail, Findings: []scenario.Finding{flagMissing(), same}},
			grade.StepResult{Verdict: grade.Fail, Findings: []scenario.Finding{constantPrinted()}}, waits)),
			Context{Run: talkative, Child: hostChild, Folder: "exercises/03-namespace-isolation"}},
		{"build", broken, Context{Folder: "exercises/03-namespace-isolation"}},
		{"refused", refused, Context{}},
		{"error", check(grade.Error, steps(pass, grade.StepResult{Verdict: grade.Error, Reason: "record the run: no space left on device"}, pass, waits)), Context{}},
		{"undecided", check(grade.Error, steps(pass, grade.StepResult{Verdict: grade.Error, Reason: "real root may: make check STEP=04 VM=1 AS=root", Try: "make check STEP=04 VM=1 AS=root"})), Context{}},
		{"skip", check(grade.Skip, steps(pass, grade.StepResult{Verdict: grade.Skip, Reason: "this kernel has no time namespaces"})), Context{}},
		{"skips", check(grade.Skip, steps(lacks, pass, lacks, lacks)), Context{}},
		{"nothing", &grade.Check{Verdict: grade.Error, Build: grade.Build{OK: true}}, Context{}},
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for _, tt := range textCases(t) {
		for _, columns := range []int{80, 60, 40} {
			t.Run(fmt.Sprintf("%s %d", tt.name, columns), func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				require.NoError(t, Text(&b, tt.check, tt.x, Options{Width: columns}))
				golden(t, fmt.Sprintf("text-%s-%d", tt.name, columns), b.String())
			})
		}
	}
}

func TestTextInColourAndASCII(t *testing.T) {
	t.Parallel()
	tt := textCases(t)[1]
	var b bytes.Buffer
	require.NoError(t, Text(&b, tt.check, tt.x, Options{Color: true}))
	golden(t, "text-fail-colour", b.String())
	b.Reset()
	require.NoError(t, Text(&b, tt.check, tt.x, Options{ASCII: true}))
	golden(t, "text-fail-ascii", b.String())
}

func TestJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range textCases(t) {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			require.NoError(t, JSON(&b, tt.check))
			golden(t, "json-"+tt.name, b.String())
			var back grade.Check
			require.NoError(t, json.Unmarshal(b.Bytes(), &back))
			assert.Equal(t, tt.check.Score, back.Score)
			assert.NotContains(t, b.String(), "null")
		})
	}
}

func TestTrace(t *testing.T) {
	t.Parallel()
	for name, child := range map[string]int{"solution03": 2, "child-unshares-uts": 2, "nested": 2, "hostname-on-host": 2, "leaves-daemon": 0} {
		run, p := recorded(t, name, child)
		if child == 0 {
			p = nil
		}
		for _, columns := range []int{80, 60, 40} {
			t.Run(fmt.Sprintf("%s %d", name, columns), func(t *testing.T) {
				t.Parallel()
				var b bytes.Buffer
				require.NoError(t, Trace(&b, run, p, Options{Width: columns}))
				golden(t, fmt.Sprintf("trace-%s-%d", name, columns), b.String())
			})
		}
	}
}

// What the command in an image could reach is drawn where it began.
func TestTraceOfAnImage(t *testing.T) {
	t.Parallel()
	recording, err := scenario.ReadRecording("../../testdata/evidence/04-namespaces-and-chroot/no-chdir.json")
	require.NoError(t, err)
	run := recording.Runs[0].Run
	for _, columns := range []int{80, 60, 40} {
		var b bytes.Buffer
		require.NoError(t, Trace(&b, run, scenario.Child(run), Options{Width: columns}))
		golden(t, fmt.Sprintf("trace-no-chdir-%d", columns), b.String())
	}
}

func TestTraceInColourAndASCII(t *testing.T) {
	t.Parallel()
	run, child := recorded(t, "hostname-on-host", 2)
	var b bytes.Buffer
	require.NoError(t, Trace(&b, run, child, Options{Color: true}))
	golden(t, "trace-colour", b.String())
	b.Reset()
	require.NoError(t, Trace(&b, run, child, Options{ASCII: true}))
	golden(t, "trace-ascii", b.String())
}
