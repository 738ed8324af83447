package webpage

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"pidone/checker/evidence"
	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// attacks are texts that would run a script, set window.owned, ask the server
// at elsewhere, or upset the page, if they were on it as anything but text.
func attacks(elsewhere string) []string {
	url := elsewhere + "/stolen"
	return []string{
		`</script><script>window.owned=1</script>`,
		`</style><style>body{display:none}</style>`,
		`<img src="` + url + `" onerror="window.owned=2">`,
		`"><svg onload=window.owned=3>`,
		`' autofocus onfocus='window.owned=4`,
		`--><iframe srcdoc="<script>parent.owned=5</script>"></iframe>`,
		`<base href="` + elsewhere + `/"><link rel=stylesheet href="` + url + `">`,
		`<meta http-equiv="refresh" content="0;url=` + url + `">`,
		`<form action="` + url + `"><input name=x></form></article></main></body></html>`,
		`</title></textarea></template><a href="javascript:window.owned=6" id=words>x</a>`,
		`{{.CSP}} ${window.owned=7} <% %> {{template "head" .}}`,
		`&lt;b&gt;&amp;&#x3c;script&#x3e;`,
		"\x1b]0;title\a\x1b[31mred\x1b[2J\r\b",
		"\u202egnp.exe\u2066\u200f\u061c\u2028\u2029\u200b\ufeff",
		"\xff\xfe\x00\x80" + strings.Repeat("a\u0301\u0302\u0303\u0304", 3),
	}
}

// hostile is a submission that puts attacks wherever it can, and more.
func hostile() *grade.Record { return hostileTo("http://127.0.0.1:9") }

func hostileTo(elsewhere string) *grade.Record { return madeOf(attacks(elsewhere)) }

// madeOf is a submission that has these texts in all places, one after another.
func madeOf(texts []string) *grade.Record {
	i := 0
	text := func() string { i++; return texts[i%len(texts)] }
	all := strings.Join(texts, " ")

	ns := evidence.Namespaces{"pid": 1, "uts": 2, text(): 3}
	state := func(n uint64) evidence.State {
		return evidence.State{Namespaces: evidence.Namespaces{"pid": n, "uts": n, "mnt": n, text(): n}, Hostname: text()}
	}
	run := &evidence.Run{
		Args:   texts,
		Host:   evidence.Host{Namespaces: ns, Hostname: text(), After: text(), MountsLeft: texts, Program: text()},
		Stdout: evidence.Stream{Data: []byte(strings.Join(texts, "\n") + "\n" + strings.Repeat(all, 1+(1<<20)/max(len(all), 1024))), Total: 1 << 21},
		Stderr: evidence.Stream{Data: []byte(strings.Join(texts, "\n"))},
		End:    evidence.End{Hiding: text(), OutOfMem: true, OutOfPIDs: true, TimedOut: true},
	}
	seq := 0
	for id := range 6 {
		p := &evidence.Process{ID: id, Creator: id - 1, PIDs: []int{100 + id, 1}, Born: state(uint64(id)), Last: state(uint64(id)), Execs: []evidence.Exec{{Seq: 1, Argv: texts, View: &evidence.View{Outside: []evidence.Way{{To: text()}}, Mounts: []evidence.Mount{{Point: text(), FSType: text()}, {Point: text(), Host: text()}}}}}}
		run.Processes = append(run.Processes, p)
		for range texts {
			seq++
			after := state(uint64(seq))
			e := &evidence.Event{Seq: seq, Done: 1, Host: texts, Process: id, Call: text(), Text: text(), Path: text(), Source: text(), FSType: text(), Flags: texts, Argv: texts, Errno: text(), Before: text(), At: text(), After: &after}
			if seq%3 == 0 {
				e.Errno, e.Target, e.Data, e.Size = "", &evidence.Target{Kind: "file", Name: text()}, []byte(all), 10
			}
			if seq%3 == 1 {
				e.Errno = "" // it executed what has the view
			}
			run.Events = append(run.Events, e)
		}
		p.Exit = &evidence.Exit{Seq: seq, Signal: text()}
	}

	var steps []grade.StepResult
	for n := range 4 {
		s := grade.StepResult{Step: n + 1, Title: text(), Verdict: grade.Fail, MaxScore: 25, Reason: text()}
		for range texts {
			s.Findings = append(s.Findings, scenario.Finding{Want: text(), Saw: text(), Why: text(), Try: text(), Hint: text(), Ask: text(), Cause: text(), At: fmt.Sprintf("%s:%d", texts[n%len(texts)], len(s.Findings))})
		}
		steps = append(steps, s)
	}
	steps[0].Findings[0].Cause = doesNotCompile
	steps[1].Verdict = grade.Verdict(text())
	r := record(all, run, grade.Build{}, steps...)
	r.Entry.Build.Errors = []grade.Message{{File: texts[0], Line: 1, Text: strings.Join(texts, "\n")}}
	for _, t := range texts {
		r.Sources = append(r.Sources, grade.Source{Path: t, Text: strings.Join(texts, "\n")})
	}
	r.Sources = append(r.Sources, grade.Source{Path: "long.go", Text: strings.Repeat(all, 1+(1<<20)/max(len(all), 1024))})
	return r
}

// FuzzPage: whatever the texts of a record are, the page has the characters and
// the tags that it should have, and no others.
func FuzzPage(f *testing.F) {
	all := attacks("http://127.0.0.1:9")
	for i, text := range all {
		f.Add(text, all[(i+1)%len(all)])
	}
	f.Add("", "main.go")
	page := regexp.MustCompile(`(?s)^.*<main>(.*)</main>.*$`)
	tag := regexp.MustCompile(`^/?(a|article|b|br|code|dd|details|div|dl|dt|em|h2|h3|header|i|kbd|li|line|ol|output|p|pre|rect|samp|section|small|span|summary|svg|table|tbody|td|text|th|thead|title|tr|tspan|ul|input|label)` +
		`( (aria-hidden|aria-label|aria-labelledby|aria-sort|autocomplete|class|cx|data-by|data-find|data-is|data-step|dy|for|height|href|id|placeholder|role|rx|scope|spellcheck|title|type|width|x|x1|x2|y|y1|y2)="[^"<>]*"| hidden)*/?$`)
	f.Fuzz(func(t *testing.T, a, b string) {
		text := pageOf(t, madeOf([]string{a, b}))
		for _, r := range text {
			if r != '\n' && (!visible.Shows(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("%U is on the page", r)
			}
		}
		main := page.FindStringSubmatch(text)
		if main == nil {
			t.Fatal("the page has no main part")
		}
		for i, part := range strings.Split(main[1], "<") {
			name, _, closed := strings.Cut(part, ">")
			if i > 0 && (!closed || !tag.MatchString(name)) {
				t.Fatalf("there is a <%.200s>", name)
			}
		}
	})
}
