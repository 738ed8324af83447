// Command tally reads the output of go test -json, shows a line for each
// package and everything that a failed test said, and counts: its last line is
// "N passed, N failed, N skipped". It exits with 1 if anything failed or no
// test ran.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

// event is one line of go test -json; see go doc test2json.
type event struct {
	Action     string
	Package    string
	ImportPath string
	Test       string
	Elapsed    float64
	Output     string
}

func main() {
	t := tally{out: os.Stdout, said: map[[2]string][]string{}}
	if err := t.read(os.Stdin); err != nil {
		fmt.Fprintf(os.Stderr, "tally: %v\n", err)
		os.Exit(2)
	}
	if !t.summary() {
		os.Exit(1)
	}
}

type tally struct {
	out                     io.Writer
	passed, failed, skipped int
	broken                  []string // packages that failed
	skips                   []string
	said                    map[[2]string][]string
}

func (t *tally) read(in io.Reader) error {
	sc := bufio.NewScanner(in)
	sc.Buffer(nil, 16<<20)
	for sc.Scan() {
		var e event
		if err := json.Unmarshal(sc.Bytes(), &e); err != nil {
			fmt.Fprintf(t.out, "%s\n", sc.Text()) // not go test's: a message of make or the like
			continue
		}
		t.add(e)
	}
	return sc.Err()
}

func (t *tally) add(e event) {
	key := [2]string{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "output":
		t.said[key] = append(t.said[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(e)
		} else {
			t.endTest(e, t.said[key])
		}
		delete(t.said, key)
	}
}

func (t *tally) endTest(e event, said []string) {
	switch e.Action {
	case "pass":
		t.passed++
	case "skip":
		t.skipped++
		for _, s := range said {
			if s := strings.TrimSpace(s); !strings.HasPrefix(s, "===") && !strings.HasPrefix(s, "---") {
				t.skips = append(t.skips, s)
			}
		}
	case "fail":
		t.failed++
		fmt.Fprintf(t.out, "FAILED %s %s\n", e.Package, e.Test)
		t.quote(said)
	}
}

func (t *tally) endPackage(e event) {
	word := map[string]string{"pass": "ok", "fail": "FAIL", "skip": "none"}[e.Action]
	fmt.Fprintf(t.out, "%-5s %-36s %6.1f s\n", word, e.Package, e.Elapsed)
	if e.Action == "fail" {
		t.broken = append(t.broken, e.Package)
		t.quote(t.said[[2]string{e.Package, ""}])
	}
}

// Limits of what is shown of one failed test: evidence in a message is long.
const (
	maxLines = 40
	maxLine  = 400 // bytes
)

func (t *tally) quote(said []string) {
	for i, s := range said {
		if i == maxLines {
			fmt.Fprintf(t.out, "    ... %d more lines\n", len(said)-i)
			return
		}
		if len(s) > maxLine {
			s = s[:maxLine] + "...\n"
		}
		fmt.Fprint(t.out, "    ", s)
	}
}

// summary prints the counts and tells whether all is well.
func (t *tally) summary() bool {
	slices.Sort(t.skips)
	for _, s := range slices.Compact(t.skips) {
		fmt.Fprintf(t.out, "skipped: %s\n", s)
	}
	for _, p := range t.broken {
		fmt.Fprintf(t.out, "failed: %s\n", p)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, max(t.failed, len(t.broken)), t.skipped)
	return t.failed == 0 && len(t.broken) == 0 && t.passed > 0
}
