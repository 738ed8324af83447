package export

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

var started = time.Date(2026, 3, 1, 12, 30, 5, 123456789, time.UTC)

func someClass() grade.Class {
	return grade.Class{
		Exercise: "03-namespace-isolation", Title: "Namespace isolation",
		Steps: []grade.Step{
			{Number: 1, Title: "What the child sees", Points: 20}, {Number: 2, Title: "Add namespace isolation", Points: 30},
			{Number: 3, Title: "Set the hostname", Points: 30}, {Number: 4, Title: "Build, run, test", Points: 20},
		},
	}
}

// realRecords judges the kit's recordings of real runs, and adds what a
// recording cannot show: in the order of their names.
func realRecords(t testing.TB) []*grade.Record {
	t.Helper()
	class := someClass()
	recordings, err := filepath.Glob("../../testdata/evidence/03-namespace-isolation/*.json")
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(recordings), 8)
	scenarios, err := filepath.Glob("../../testdata/scenarios/03-namespace-isolation/*.txtar")
	require.NoError(t, err)
	require.Len(t, scenarios, len(class.Steps))
	var all []*grade.Record
	for i, path := range recordings {
		r, err := scenario.ReadRecording(path)
		require.NoError(t, err)
		var steps []grade.StepResult
		for j, path := range scenarios {
			o, err := scenario.Judge(context.Background(), scenario.Script{
				Path: path, Exercise: class.Exercise, Step: j + 1, Args: r.Args, WorkDir: t.TempDir(), Passed: grade.Passed(steps),
			}, r.Run)
			steps = append(steps, grade.Judged(class.Steps[j], o, err))
		}
		name := strings.TrimSuffix(filepath.Base(path), ".json")
		all = append(all, record(name, r.Runs[0].Run, grade.Build{OK: true}, steps...))
		all[i].Entry.DurationMS = int64(150 + 1000*i)
	}
	all = append(all, madeRecords()...)
	slices.SortFunc(all, func(a, b *grade.Record) int { return strings.Compare(a.Entry.Name, b.Entry.Name) })
	return all
}

func record(name string, run *evidence.Run, build grade.Build, steps ...grade.StepResult) *grade.Record {
	return &grade.Record{
		Version: grade.RecordVersion, Key: "k", Started: started, Run: run,
		Entry: grade.Entry{Name: name, Check: grade.Sum(someClass().Exercise, "class/"+name, steps, build, 412*time.Millisecond)},
	}
}

// step returns the result of a step of someClass.
func step(n int, v grade.Verdict, reason string, findings ...scenario.Finding) grade.StepResult {
	s := someClass().Steps[n-1]
	r := grade.StepResult{Step: n, Title: s.Title, Verdict: v, MaxScore: s.Points, Reason: reason, Findings: findings}
	if v == grade.Pass {
		r.Score = s.Points
	}
	return r
}

func needs(r grade.StepResult, steps ...int) grade.StepResult {
	r.Needs = steps
	return r
}

func flagMissing() scenario.Finding {
	return scenario.Finding{
		Check: "child in-new pid uts", File: "2-new-namespaces.txtar", Line: 7,
		Want: "the child in a PID namespace of its own", Saw: "the host's PID namespace: the child is pid 8, not 1",
		Why: "it was created by clone(CLONE_NEWUTS); CLONE_NEWPID is missing", Try: "add syscall.CLONE_NEWPID to Cloneflags",
		Hint: "docs/03-namespace-isolation.md#step-2", Ask: "make hint STEP=03.2", Cause: "flag-missing-pid", At: "main.go:31", Follows: 2,
	}
}

// madeRecords are those that recordings have not: does not compile, no program,
// errors of all and of one step, a machine without a feature, nothing at all.
func madeRecords() []*grade.Record {
	class := someClass()
	built := grade.Build{OK: true}
	broken := grade.Build{Errors: []grade.Message{
		{File: "main.go", Line: 12, Col: 3, Text: "undefined: sycall"}, {File: "main.go", Line: 20, Text: "too many arguments\n\thave (int)\n\twant ()"},
		{Text: "too many errors"},
	}}
	notCompiled := scenario.Finding{Want: "a program that compiles", Saw: "undefined: sycall", Try: "mend it", Cause: doesNotCompile, At: "main.go:12"}
	none := scenario.Finding{Want: "a program", Saw: "nothing was handed in", Try: "hand it in", Cause: "nothing-handed-in"}
	all := []*grade.Record{
		record("zz-does-not-compile", nil, broken, grade.NotBuilt(class.Steps, notCompiled)...),
		record("zz-nothing", nil, grade.Build{}, grade.NotBuilt(class.Steps, none)...),
		record("zz-error", nil, built, step(1, grade.Error, "no user namespaces: max_user_namespaces is 0"), step(2, grade.Error, "no user namespaces"),
			step(3, grade.Error, "no user namespaces"), step(4, grade.Error, "no user namespaces")),
		record("zz-error-in-one", nil, built, step(1, grade.Pass, ""), step(2, grade.Error, "the recorder was killed"),
			needs(step(3, grade.Skip, "waits for step 2"), 2), step(4, grade.Pass, "")),
		record("zz-skip", nil, built, step(1, grade.Pass, ""), step(2, grade.Skip, "no time namespaces here"),
			needs(step(3, grade.Skip, "waits for step 2"), 2), step(4, grade.Fail, "", flagMissing())),
		record("zz-waits", nil, built, step(1, grade.Pass, ""), step(2, grade.Fail, "", flagMissing()),
			needs(step(3, grade.Skip, "step 2 must pass first"), 2), step(4, grade.Pass, "")),
		record("zz-zero", nil, built),
	}
	return all
}

// nasty are texts that break out somewhere, if they are let.
func nasty() []string {
	return []string{
		"=cmd|'/C calc'!A0", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\uff1d1", "\u00a0=1", "\u3000\uff0b1", `";=1;"`, `x;=1`, `x; @y`, "'=1", `"=1`, "a,=b",
		"</script><script>alert(1)</script>", "<!--", "-->", "]]>", "<![CDATA[", "&amp;&#0;&bogus;", `" onload="x`, "<img src=x onerror=y>",
		"::error file=x::pwned", "x\n::error::pwned", "\r::set-output name=a::b", "##[error]x", "::stop-commands::x", "::x::", " \n  ::add-mask::e",
		"\x1b[31mred\x1b[0m\x1b]0;title\x07", "\u202egnp.exe\u2066\u200f\u061c\u200b\ufeff", "\x00\x01\x08\x0b\x7f\u0085\u009b\ufffe\uffff", "\xff\xfe\x80\xed\xa0\x80",
		"`code`", "``", "``` \n# head\n", "| a | b |", `\|`, `\\|`, "a\\", "[x](http://e.invalid)", "![x](http://e.invalid/i.png)", "http://e.invalid", "www.e.invalid", "m@e.invalid", "@someone", "#1", "<http://e.invalid>",
		"[x]: http://e.invalid", "\n\n    code", "***", "~~~", "- [ ] x", "<details>", "$x$", "https://e.invalid`|`http://e.invalid",
		"ok 1 - fine", "\nok 99", "not ok 1", "1..0", "Bail out!", "x # SKIP", "x # TODO", "---\n...", "  ---", "- a: b", "%SUM", "%0A::error::x", "a:b,c=d",
		strings.Repeat("A", 1<<20), strings.Repeat("\n", 5000), strings.Repeat("`|", 4000), strings.Repeat("\xff", 3000), strings.Repeat("\U000e0001", 3000), "", " ",
	}
}

// hostile returns a record in which every text, but the step's own numbers and
// verdicts, is s, and one with s as the verdict too.
func hostile(name, s string) *grade.Record {
	f := scenario.Finding{Line: 3, Follows: 1}
	fill(reflect.ValueOf(&f).Elem(), s)
	built := grade.Build{Errors: []grade.Message{{File: s, Line: 3, Col: 4, Text: s}, {Text: s}}}
	r := record(name, &evidence.Run{}, built, step(1, grade.Fail, "", f, f), step(2, grade.Error, s), needs(step(3, grade.Skip, s), 1), step(4, grade.Skip, s))
	fill(reflect.ValueOf(r).Elem(), s)
	r.Entry.Name, r.Entry.Exercise = name, someClass().Exercise
	for i, v := range []grade.Verdict{grade.Fail, grade.Error, grade.Skip, grade.Skip} {
		r.Entry.Steps[i].Verdict = v
	}
	r.Entry.Verdict = grade.Fail
	for i := range r.Entry.Steps[0].Findings {
		r.Entry.Steps[0].Findings[i].Cause = []string{s, doesNotCompile}[i]
	}
	r.Entry.Build.OK = len(s)%2 == 0
	return r
}

// fill sets every string, and every slice of bytes, below v.
func fill(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Pointer:
		if !v.IsNil() {
			fill(v.Elem(), s)
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), s)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			v.SetBytes([]byte(s))
			return
		}
		for i := range v.Len() {
			fill(v.Index(i), s)
		}
	}
}

// hostileRecords are records for all nasty texts, by index and with the text as
// their name as well.
func hostileRecords() []*grade.Record {
	var all []*grade.Record
	for i, s := range nasty() {
		all = append(all, hostile(fmt.Sprintf("%03d", i), s))
		if s != "" && len(s) < 1<<16 {
			all = append(all, hostile(s, s))
		}
	}
	slices.SortFunc(all, func(a, b *grade.Record) int { return strings.Compare(a.Entry.Name, b.Entry.Name) })
	return slices.CompactFunc(all, func(a, b *grade.Record) bool { return a.Entry.Name == b.Entry.Name })
}

// write makes all reports of records in a folder.
func write(t testing.TB, class grade.Class, records []*grade.Record) (dir string) {
	t.Helper()
	dir = t.TempDir()
	out, err := Open(dir, class, Extra())
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, out.Add(r))
	}
	require.NoError(t, out.Close())
	return dir
}

func read(t testing.TB, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(data)
}

// plain fails unless a text is UTF-8 of which all shows, but its newlines.
func plain(t testing.TB, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		for _, r := range line {
			if !visible.Shows(r) {
				require.Failf(t, "not plain", "%U in %.200q", r, line)
			}
		}
	}
}
