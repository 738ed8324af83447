package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

var ownColours = regexp.MustCompile(`\x1b\[\d\d?m`)

// safe fails unless a text keeps the promises of the package.
func safe(t *testing.T, text string, o Options) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Fatalf("not UTF-8: %q", text)
	}
	if o.Color {
		text = ownColours.ReplaceAllString(text, "")
	}
	for line := range strings.SplitSeq(text, "\n") {
		if w := width(line); w > o.width() {
			t.Fatalf("%d columns of %d: %q", w, o.width(), line)
		}
		for _, r := range line {
			if !visible.Shows(r) || unicode.Is(unicode.Bidi_Control, r) || o.ASCII && r > '~' {
				t.Fatalf("%U in %q", r, line)
			}
		}
	}
}

// fuzzOptions makes options of a number.
func fuzzOptions(n uint64) Options {
	return Options{Width: MinWidth + int(n%81), Color: n&(1<<20) != 0, ASCII: n&(1<<21) != 0}
}

// someRun makes a recording of any shape, in which every text is one of texts.
func someRun(seed int64, texts []string) *evidence.Run {
	r := rand.New(rand.NewSource(seed))
	text := func() string { return texts[r.Intn(len(texts))] }
	kinds := strings.Fields("pid uts mnt net ipc user cgroup time odd")
	spaces := func() evidence.Namespaces {
		n := evidence.Namespaces{}
		for _, k := range kinds {
			n[k] = uint64(r.Intn(3))
		}
		return n
	}
	state := func() evidence.State { return evidence.State{Namespaces: spaces(), Hostname: text(), Root: text()} }
	run := &evidence.Run{
		Args: texts, Host: evidence.Host{Namespaces: spaces(), Hostname: text(), After: text(), MountsLeft: texts, Program: text()},
		Stdout: evidence.Stream{Data: []byte(strings.Join(texts, "\n")), Total: int64(r.Intn(1000))},
		Stderr: evidence.Stream{Data: []byte(text())},
		End:    evidence.End{Broken: text(), Hiding: text(), TimedOut: r.Intn(2) == 0, OutOfMem: r.Intn(2) == 0, OutOfPIDs: r.Intn(2) == 0},
	}
	seq := 0
	next := func() int { seq++; return seq }
	for id := range r.Intn(40) {
		p := &evidence.Process{
			ID: id, Creator: max(0, id-1-r.Intn(3)), Seq: next(), Born: state(), Last: state(),
			Probe: id > 0 && r.Intn(8) == 0, Hidden: r.Intn(8) == 0,
		}
		for range r.Intn(5) {
			p.PIDs = append(p.PIDs, r.Intn(1<<22))
		}
		for range r.Intn(3) {
			view := &evidence.View{Host: r.Intn(2) == 0, Proc: r.Intn(2) == 0, ProcPIDs: uint64(r.Intn(3)), Outside: []evidence.Way{{FD: r.Intn(3) - 1, PID: r.Intn(2), To: text()}},
				Mounts: []evidence.Mount{{Point: text(), FSType: text()}, {Point: text(), Host: text()}}}
			p.Execs = append(p.Execs, evidence.Exec{Seq: r.Intn(2), Argv: texts, Path: text(), View: view})
		}
		run.Processes = append(run.Processes, p)
	}
	calls := strings.Fields("clone clone3 unshare setns sethostname setdomainname execve write mount kill odd")
	for range r.Intn(200) {
		if len(run.Processes) == 0 {
			break
		}
		after := state()
		e := &evidence.Event{
			Seq: next(), Done: r.Intn(2), Host: texts[:r.Intn(2)], Process: r.Intn(len(run.Processes)), Call: calls[r.Intn(len(calls))],
			Flags: texts, Text: text(), Path: text(), Source: text(), FSType: text(), Argv: texts,
			Result: r.Int63(), Before: text(), At: text(), Signal: text(), PID: r.Int(), Child: r.Intn(50),
		}
		if r.Intn(4) == 0 {
			e.Errno = text()
		}
		if r.Intn(2) == 0 {
			e.After = &after
		}
		if r.Intn(3) == 0 {
			e.Target = &evidence.Target{Kind: strings.Fields("stdout stderr pipe tty file odd")[r.Intn(6)], Name: text()}
			e.Data, e.Size, e.Cut = []byte(strings.Join(texts, "\n")), int64(r.Intn(99)), r.Intn(2) == 0
		}
		if p := run.Process(e.Child); p != nil && e.Child > 0 {
			p.Call = e.Seq
		}
		run.Events = append(run.Events, e)
	}
	for _, p := range run.Processes {
		if r.Intn(4) > 0 {
			p.Exit = &evidence.Exit{Seq: next(), Code: r.Intn(256), Signal: text(), Injected: r.Intn(2) == 0, Unreaped: []int{r.Intn(50), r.Intn(50)}}
		}
	}
	return run
}

// someCheck makes a check of any shape.
func someCheck(seed int64, texts []string) *grade.Check {
	r := rand.New(rand.NewSource(seed))
	text := func() string { return texts[r.Intn(len(texts))] }
	verdicts := []grade.Verdict{grade.Pass, grade.Fail, grade.Skip, grade.Error, "odd"}
	c := &grade.Check{
		Exercise: text(), Submission: text(), Verdict: verdicts[r.Intn(5)], Score: r.Intn(1000), MaxScore: r.Intn(1000),
		DurationMS: r.Int63n(1e7), Build: grade.Build{OK: r.Intn(2) == 0},
	}
	for range r.Intn(4) {
		c.Build.Errors = append(c.Build.Errors, grade.Message{File: text(), Line: r.Intn(100), Col: r.Intn(100), Text: text()})
	}
	for range r.Intn(5) {
		s := grade.StepResult{Step: r.Intn(9), Title: text(), Verdict: verdicts[r.Intn(5)], Score: r.Intn(100), MaxScore: r.Intn(100), Reason: text()}
		for range r.Intn(3) {
			s.Findings = append(s.Findings, scenario.Finding{
				Want: text(), Saw: text(), Why: text(), Try: text(), Hint: text(), Ask: text(), At: text(), Cause: text(),
				Follows: r.Intn(3), SameAs: r.Intn(3),
			})
			if r.Intn(3) == 0 {
				s.Findings[0].Cause = doesNotCompile
			}
		}
		c.Steps = append(c.Steps, s)
	}
	return c
}

func addSeeds(f *testing.F) {
	for i, s := range []string{
		"plain words, and some more of them to fill a line of forty columns or so", "\x1b[31mred\x1b[0m\x1b]0;title\x07", "\u202egnp.exe\u2066\u200f\u061c",
		"漢字カナ한글😀👨‍👩‍👧❤️", "\xff\xfe\x80", "a\u0300\u0301\u0302\u0303\u0304\u0305", "\t\r\n\x00\x7f\u0085\u009b", strings.Repeat("x", 300), strings.Repeat("dir/", 80), "",
	} {
		f.Add(s, "main.go:31", "EPERM", int64(i), uint64(i)<<18|uint64(i)*9)
	}
}

// FuzzTrace: whatever a run holds, its drawing fits and cannot play tricks.
func FuzzTrace(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, a, b, c string, seed int64, options uint64) {
		run := someRun(seed, []string{a, b, c, ""})
		var child *evidence.Process
		if len(run.Processes) > 1 {
			child = run.Processes[1]
		}
		o := fuzzOptions(options)
		var out bytes.Buffer
		require.NoError(t, Trace(&out, run, child, o))
		safe(t, out.String(), o)
		if n := strings.Count(out.String(), "\n"); n > 6000 {
			t.Fatalf("%d lines", n)
		}
	})
}

// FuzzText: the same for what is said of a check; and its JSON stays JSON.
func FuzzText(f *testing.F) {
	addSeeds(f)
	f.Fuzz(func(t *testing.T, a, b, c string, seed int64, options uint64) {
		texts := []string{a, b, c, ""}
		check, run := someCheck(seed, texts), someRun(seed, texts)
		x := Context{Run: run, Folder: b, Next: a}
		if len(run.Processes) > 1 {
			x.Child = run.Processes[1]
		}
		o := fuzzOptions(options)
		var out bytes.Buffer
		require.NoError(t, Text(&out, check, x, o))
		safe(t, out.String(), o)

		out.Reset()
		require.NoError(t, JSON(&out, check))
		for _, r := range out.String() {
			if r != '\n' && (!unicode.IsPrint(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("%U in %q", r, out.String())
			}
		}
		var back grade.Check
		require.NoError(t, json.Unmarshal(out.Bytes(), &back))
		require.Equal(t, string([]rune(check.Exercise)), back.Exercise)
	})
}

// FuzzTraceJSON: a recording from a file that somebody changed is drawn or
// refused.
func FuzzTraceJSON(f *testing.F) {
	names, err := filepath.Glob("testdata/*.run.json")
	require.NoError(f, err)
	require.NotEmpty(f, names)
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(data, uint64(0))
	}
	f.Add([]byte(`{"processes":[null]}`), uint64(3))
	f.Fuzz(func(t *testing.T, data []byte, options uint64) {
		var run evidence.Run
		if json.Unmarshal(data, &run) != nil {
			return
		}
		o := fuzzOptions(options)
		var out bytes.Buffer
		if err := Trace(&out, &run, run.Process(1), o); err == nil {
			safe(t, out.String(), o)
		}
	})
}

// Every width, not only those that a fuzzer happens to try.
func TestEveryWidth(t *testing.T) {
	t.Parallel()
	cases := textCases(t)
	for columns := 1; columns <= 130; columns++ {
		o := Options{Width: columns}
		for _, tt := range cases {
			var out bytes.Buffer
			require.NoError(t, Text(&out, tt.check, tt.x, o))
			safe(t, out.String(), o)
		}
		for seed := range int64(5) {
			var out bytes.Buffer
			require.NoError(t, Trace(&out, someRun(seed, []string{"a word", "日本語", "\x1b"}), nil, o))
			safe(t, out.String(), o)
		}
	}
}

func TestTraceOfNothing(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, Trace(&out, &evidence.Run{End: evidence.End{Broken: "no ptrace"}}, nil, Options{}))
	require.Equal(t, "nothing ran\nthe recording is not whole: no ptrace\n", out.String())
	require.ErrorContains(t, Trace(&out, &evidence.Run{Processes: []*evidence.Process{nil}}, nil, Options{}), "makes no sense")
}

// A fork bomb fills no screen for minutes, and what is not drawn is counted.
func TestTraceCutsLongRuns(t *testing.T) {
	t.Parallel()
	host := evidence.Namespaces{"pid": 1, "uts": 2}
	run := &evidence.Run{Host: evidence.Host{Namespaces: host, Hostname: "h", After: "h"}}
	for id := range 256 {
		run.Processes = append(run.Processes, &evidence.Process{ID: id, Creator: max(0, id/3), PIDs: []int{id}, Born: evidence.State{Namespaces: host}})
		for i := range 50 {
			run.Events = append(run.Events, &evidence.Event{Seq: id*50 + i + 1, Done: 1, Process: id, Call: fmt.Sprintf("call%d", i)})
		}
	}
	run.Processes[1].Creator = 0
	var out bytes.Buffer
	require.NoError(t, Trace(&out, run, nil, Options{}))
	require.Less(t, strings.Count(out.String(), "\n"), 400)
	require.Regexp(t, `… \d+ more processes, not drawn`, out.String())
	require.Regexp(t, `… 20 more calls`, out.String())
}
