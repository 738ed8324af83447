package webpage

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// section1 is a submission's section of a page.
func section1(t *testing.T, page, name string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<article id="s-`+grade.FileName(name)+`">`)
	require.True(t, found, name)
	text, _, found := strings.Cut(rest, "</article>")
	require.True(t, found)
	return text
}

// has wants a part in a text, which is too long to be shown whole.
func has(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not there", part)
	}
}

func TestTheClassAtAGlance(t *testing.T) {
	text := pageOf(t, inOrder(append(unrun(t)[:1], judged(t)...))...)
	has(t, text, "12 submissions, 100 points to earn, graded 1 March 2026, 12:30 UTC")
	has(t, text, `aria-label="5 passed, 7 failed"`)
	has(t, text, `<dt>median</dt><dd>80<small>%</small></dd>`)
	has(t, text, `aria-label="0–9 percent: 2. 30–39 percent: 1. `)
	has(t, text, `data-find="2:fail">2. Add namespace isolation</a> <b>2<small> failed, </small>9<small> passed</small></b>`)
	has(t, text, `data-find="flag-missing-pid@2">CLONE_NEWPID is missing where the child is created</a>`)
	has(t, text, `1<small> at step 2</small>`)
}

func TestMiddle(t *testing.T) {
	for want, scores := range map[string][][2]int{
		"50 50 2":     {{0, 100}, {100, 100}},
		"66.7 66.7 1": {{2, 3}},
		"33.3 0 3":    {{0, 5}, {0, 10}, {4, 4}, {0, 0}},
		"  0":         {{0, 0}},
	} {
		p := Page{}
		for _, s := range scores {
			p.rows = append(p.rows, row{Score: s[0], Max: s[1]})
		}
		average, median, n := p.middle()
		assert.Equal(t, want, fmt.Sprint(average, " ", median, " ", n))
	}
}

func TestColumns(t *testing.T) {
	all := columns(map[int]int{0: 1, 9: 1, 10: 1, 99: 1, 100: 4})
	var counts []int
	for _, c := range all {
		counts = append(counts, c.Count)
	}
	assert.Equal(t, []int{2, 1, 0, 0, 0, 0, 0, 0, 0, 1, 4}, counts)
	assert.Equal(t, columnHeight, all[10].H)
	assert.Equal(t, columnHeight/4, all[1].H)
	for _, c := range columns(nil) {
		assert.Zero(t, c.H)
	}
}

func TestASectionTellsEverything(t *testing.T) {
	text := pageOf(t, inOrder(append(unrun(t)[:1], judged(t)...))...)

	missing := section1(t, text, "flag-missing-pid")
	for _, want := range []string{
		"50<small>/100</small>", "0.4 s",
		"<dt>want</dt><dd>the child in a PID namespace of its own</dd>", "<dt>why</dt><dd>it was created by clone(CLONE_NEWUTS); CLONE_NEWPID is missing</dd>",
		"<kbd>make hint STEP=03.2</kbd>", "waits until step 2 has passed",
		`<b>new UTS namespace</b>`, `<b>the first process</b> <code>/submission/main</code>`, `<b>clone</b> CLONE_NEWUTS <em>→ the child, pid `,
		`<b>sethostname</b> &#34;`, "</b> for itself as on the host<li>hostname <b>", "What it printed <small>standard output, ", "Source <small>main.go, ",
		"<li>package main</li><li></li>",
	} {
		has(t, missing, want)
	}
	// The line that the finding names is shown with it, marked in the source,
	// and both the finding and the picture lead there.
	match := regexp.MustCompile(`<dt>at</dt><dd><a href="#([\d-]+)">main.go:(\d+)</a><code class="code">([^<]+)</code>`).FindStringSubmatch(missing)
	require.NotNil(t, match, missing)
	assert.Regexp(t, `<li id="`+match[1]+`" class="hit">\s*`+regexp.QuoteMeta(match[3])+`<small>step 2: it was created by clone`, missing)
	assert.GreaterOrEqual(t, strings.Count(missing, `<a href="#`+match[1]+`">`), 2)

	passed := section1(t, text, "nested")
	has(t, passed, "new PID and UTS namespaces")
	assert.NotContains(t, passed, "<dl>")

	broken := section1(t, text, "does-not-compile")
	assert.Regexp(t, `<dt>saw</dt><dd><div class="msg"><a href="#[\d-]+">main.go:24</a><code class="code">Cloneflags: syscal.CLONE_NEWUTS[^<]+</code><code>undefined: syscal</code></div>`, broken)
	has(t, broken, "<code>too few arguments</code><code>have ()</code><code>want (int)</code>")
	assert.NotContains(t, broken, "What the kernel saw")

	text = pageOf(t, unrun(t)[1:]...)
	none := section1(t, text, "no-verdict")
	has(t, none, "record the run: no space left on device")
	has(t, none, "This is not the submission's fault, and costs no points.")
	assert.Equal(t, 2, strings.Count(none, "–/30"), "a step without a verdict, and one that waits for it")
	has(t, section1(t, text, "not-run"), "this kernel has no UTS namespaces")
}

func TestNobodyHandedInAnything(t *testing.T) {
	text := pageOf(t)
	has(t, text, "0 submissions")
	has(t, text, "nothing was handed in")
	has(t, text, "nobody failed")
}

func TestTheSameRecordsGiveTheSameBytes(t *testing.T) {
	assert.Equal(t, pageOf(t, students(t, 40)...), pageOf(t, students(t, 40)...))
}

// The policy names the script and the style that are there, and nothing else.
func TestThePolicyIsThePagesOwn(t *testing.T) {
	text := pageOf(t)
	between := func(open, end string) string {
		_, rest, found := strings.Cut(text, open)
		require.True(t, found)
		inner, rest, found := strings.Cut(rest, end)
		require.True(t, found)
		assert.NotContains(t, rest, open, "there is one")
		return inner
	}
	content := strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(between(`<meta http-equiv="Content-Security-Policy" content="`, `"`))
	assert.Equal(t, "default-src 'none'; script-src '"+hash(between("<script>", "</script>"))+"'; style-src '"+hash(between("<style>", "</style>"))+
		"'; base-uri 'none'; form-action 'none'", content)
	assert.NotRegexp(t, `(?i)(src|href)="?(https?:|//)|@import|url\(`, text)
}

func TestOrderOfNames(t *testing.T) {
	for _, names := range [][2]string{{"b", "a"}, {"a", "a"}} {
		p, err := New(io.Discard, someClass())
		require.NoError(t, err)
		require.NoError(t, p.Add(record(names[0], nil, grade.Build{})))
		require.ErrorContains(t, p.Add(record(names[1], nil, grade.Build{})), `submission "a" comes after`)
		require.Error(t, p.Add(record("c", nil, grade.Build{})), "the page is lost")
		require.Error(t, p.Close())
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestClose(t *testing.T) {
	p, err := New(full{}, someClass())
	require.NoError(t, err)
	require.NoError(t, p.Add(record("a", nil, grade.Build{})))
	require.ErrorContains(t, p.Close(), "write page: no space left")

	var out bytes.Buffer
	p, err = New(&out, someClass())
	require.NoError(t, err)
	require.NoError(t, p.Close())
	n := out.Len()
	require.Error(t, p.Add(record("a", nil, grade.Build{})))
	require.Error(t, p.Close())
	assert.Equal(t, n, out.Len())
}

// No name of the sections' file is left, even while it is written.
func TestNoFileIsLeft(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	p, err := New(io.Discard, someClass())
	require.NoError(t, err)
	require.NoError(t, p.Add(record("a", nil, grade.Build{})))
	left, err := os.ReadDir(os.Getenv("TMPDIR"))
	require.NoError(t, err)
	assert.Empty(t, left)
	require.NoError(t, p.Close())

	t.Setenv("TMPDIR", "/nonexistent")
	_, err = New(io.Discard, someClass())
	require.ErrorContains(t, err, "make page: ")
}

// What a submission makes large stays small.
func TestBounds(t *testing.T) {
	const mega = 1 << 20
	long := strings.Repeat("x\x1b", mega/2)
	host := evidence.Namespaces{"pid": 1, "uts": 2}
	run := &evidence.Run{Host: evidence.Host{Namespaces: host, Hostname: long}, Stdout: evidence.Stream{Data: []byte(long), Total: 5 * mega},
		Stderr: evidence.Stream{Data: []byte(strings.Repeat("\n", mega)), Total: mega}}
	data := []byte(long)
	for id := range 4000 {
		run.Processes = append(run.Processes, &evidence.Process{ID: id, Creator: id/2 - 1, PIDs: []int{id}, Born: evidence.State{Namespaces: evidence.Namespaces{"pid": uint64(id), "uts": uint64(id)}, Hostname: long}})
		run.Events = append(run.Events, &evidence.Event{Seq: id + 1, Process: id, Call: "execve", Path: long, At: "main.go:1", Target: &evidence.Target{Kind: "stdout"}, Data: data})
	}
	for i, p := range run.Processes {
		p.Creator = max(0, i/2-1)
	}
	run.Processes[0].Creator = -1
	var findings []scenario.Finding
	for range 1000 {
		findings = append(findings, scenario.Finding{Want: long, Saw: long, Why: long, Try: long, Ask: long, Hint: long, Cause: long, At: "main.go:1"})
	}
	var steps []grade.StepResult
	for n := range 200 {
		steps = append(steps, grade.StepResult{Step: n, Title: long, Verdict: grade.Fail, Reason: long})
	}
	steps[0].Findings = findings
	r := record(long, run, grade.Build{})
	r.Entry.Steps, r.Entry.Verdict = steps, grade.Fail
	r.Entry.Build.Errors = make([]grade.Message, 1000)
	for range 1000 {
		r.Sources = append(r.Sources, grade.Source{Path: fmt.Sprintf("%d.go", len(r.Sources)), Text: strings.Repeat("\n", 1000)})
	}
	r.Sources[0] = grade.Source{Path: "main.go", Text: long, Cut: true}
	text := pageOf(t, r)
	t.Logf("%d bytes", len(text))
	assert.Less(t, len(text), mega)
	has(t, text, "cut here; there were 5242880 bytes")
	has(t, text, "cut here; the file is longer")
	has(t, text, "more processes, not drawn")
	has(t, text, "and 960 more findings")
}

// A page that has become large goes without what is long, and says so.
func TestLean(t *testing.T) {
	var out bytes.Buffer
	p, err := New(&out, someClass())
	require.NoError(t, err)
	p.limit = 50_000
	for _, r := range students(t, 40) {
		require.NoError(t, p.Add(r))
	}
	require.NoError(t, p.Close())
	has(t, section1(t, out.String(), "student-0001"), "<summary>Source")
	last := section1(t, out.String(), "student-0029")
	has(t, last, "The page has reached its size")
	assert.NotContains(t, last, "<summary>")
	has(t, last, `main.go:29<code class="code">`)
}

// Whatever is in a record, each character of the page is a visible one.
func TestEveryCharacterIsVisible(t *testing.T) {
	text := pageOf(t, append([]*grade.Record{hostile()}, students(t, 14)...)...)
	for _, r := range text {
		if r != '\n' && (!visible.Shows(r) || unicode.Is(unicode.Bidi_Control, r)) {
			t.Fatalf("%U is on the page", r)
		}
	}
	has(t, text, `\u202e`)
	has(t, text, `\x1b]0;`)
}

// Memory does not grow with the sections.
func TestMemoryStaysFlat(t *testing.T) {
	some := students(t, 14)
	p, err := New(io.Discard, someClass())
	require.NoError(t, err)
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	var at []int64
	for i := range 1000 {
		if i == 200 || i == 999 {
			at = append(at, heap())
		}
		r := *some[i%len(some)]
		r.Entry.Name = fmt.Sprintf("student-%04d", i)
		require.NoError(t, p.Add(&r))
	}
	assert.Greater(t, p.sections.n, int64(4<<20))
	assert.Less(t, at[1]-at[0], int64(1<<20))
	require.NoError(t, p.Close())
}

func BenchmarkPage(b *testing.B) {
	for _, n := range []int{200, 800} {
		records := students(b, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				b.ReportMetric(float64(len(pageOf(b, records...)))/float64(n), "B/submission")
			}
		})
	}
}

// A record that somebody changed is shown without its picture.
func TestNonsense(t *testing.T) {
	for _, run := range []*evidence.Run{
		{Processes: []*evidence.Process{nil}},
		{Processes: []*evidence.Process{{ID: 7}}},
		{Processes: []*evidence.Process{{ID: 0, Creator: -1}, {ID: 1, Creator: 1}}},
		{Processes: []*evidence.Process{{ID: 0, Creator: -1}, nil}},
		{Events: []*evidence.Event{nil}},
		{Events: []*evidence.Event{{Process: 3}}},
	} {
		has(t, pageOf(t, record("a", run, grade.Build{})), "There is no picture: ")
	}
}
