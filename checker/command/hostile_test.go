package command

import (
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/batch"
	"pidone/checker/build"
	"pidone/checker/grade"
	"pidone/checker/sandbox"
)

var onlyHostile = flag.String("hostile", "", "grade only hostile submissions whose names match, and show what they got and printed")

// A hostile is one folder of testdata/submissions/hostile: README.md there
// says how it is made.
type hostile struct {
	want
	Name   string
	Needs  string   `json:"needs"`  // "cgroups": without them the machine would suffer; "root": to be made at all
	Attack string   `json:"attack"` // its name in the list of attacks
	Within float64  `json:"within"` // seconds until its verdict is there; default 15
	Says   []string `json:"says"`   // what must stand in its output: the attack was tried
	Never  []string `json:"never"`  // what may not
	dir    string   // of the kit
}

// A result is what a submission got, in short.
type result struct {
	Verdict grade.Verdict
	Score   int
	Step    int    // the first that failed
	Cause   string // of its first finding
}

func (r result) String() string {
	return fmt.Sprintf("%s %d, step %d: %s", r.Verdict, r.Score, r.Step, r.Cause)
}

func resultOf(e *grade.Entry) result {
	got := result{Verdict: e.Verdict, Score: e.Score}
	for _, step := range e.Steps {
		if step.Verdict == grade.Fail {
			if got.Step = step.Step; len(step.Findings) > 0 {
				got.Cause = step.Findings[0].Cause
			}
			break
		}
	}
	return got
}

// Limits of hostile submissions, so that they are through soon.
const (
	hostileLimit  = 4 * time.Second
	hostileBuild  = 3 * time.Second
	hostileMemory = 400 << 20
)

// hostiles lists all of them that can be tried here.
func hostiles(t *testing.T, root string) (all []*hostile) {
	t.Helper()
	host, err := sandbox.Open()
	require.NoError(t, err)
	files, err := filepath.Glob(filepath.Join(root, "testdata/submissions/hostile/*/want.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		h := &hostile{dir: filepath.Dir(file), Within: 15}
		h.Name = filepath.Base(h.dir)
		data, err := os.ReadFile(file)
		require.NoError(t, err)
		d := json.NewDecoder(strings.NewReader(string(data)))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(h), "%s", file)
		require.NotEmpty(t, h.Attack, "%s", file)
		require.NotEmpty(t, h.About, "%s", file)
		switch {
		case h.Needs == "cgroups" && host.NoGroups() != nil:
			t.Logf("%s is left out: it needs cgroups: %v", h.Name, host.NoGroups())
		case h.Needs == "root" && !mayMakeDevices(t.TempDir()):
			t.Logf("%s is left out: it needs root, to make a device", h.Name)
		case regexp.MustCompile(*onlyHostile).MatchString(h.Name):
			all = append(all, h)
		}
	}
	return all
}

func mayMakeDevices(dir string) bool {
	return (&part{kind: "device", path: "device"}).lay(dir) == nil
}

// lay makes the submission in the folder of a class, and returns the name that
// it has there: the files of its folder, and those of common where it has
// no main.go; or what its recipe says.
func (h *hostile) lay(t *testing.T, class string) (name string) {
	t.Helper()
	kit := filepath.Join(h.dir, "../../../..")
	if r, err := readRecipe(h.dir, kit); err == nil {
		require.NoError(t, r.lay(filepath.Join(class, r.entry(h.Name))), "%s", h.Name)
		if r.as != "" {
			return strings.ToValidUTF8(r.as, "\uFFFD")
		}
		return h.Name
	} else {
		require.ErrorIs(t, err, os.ErrNotExist)
	}
	from := []string{h.dir}
	if _, err := os.Lstat(filepath.Join(h.dir, "main.go")); err != nil {
		from = append(from, filepath.Join(filepath.Dir(h.dir), "common"))
	}
	path := filepath.Join(class, h.Name)
	for _, dir := range from {
		require.NoError(t, os.CopyFS(path, os.DirFS(dir)))
	}
	require.NoError(t, os.Remove(filepath.Join(path, "want.json")))
	return h.Name
}

// gradeClass grades a folder of submissions as checker grade does, but with the
// limits of hostile ones, and returns the results by name, and the folder with
// the reports.
func gradeClass(t *testing.T, a *app, host *sandbox.Host, exercise, dir string, jobs int) (map[string]*grade.Record, string) {
	t.Helper()
	out := t.TempDir()
	t.Chdir(a.root) // a session of another test may have been elsewhere
	req, err := a.gradeRequest([]string{"--step", exercise, "--out", out, "--jobs", strconv.Itoa(jobs), dir})
	require.NoError(t, err)
	s := &session{
		host: host, root: a.root, limit: hostileLimit,
		building: build.Limits{Time: hostileBuild, Memory: hostileMemory},
	}
	g, err := a.grader(s, req)
	require.NoError(t, err)
	c, err := a.class(req)
	require.NoError(t, err)
	store, err := batch.OpenStore(req.store)
	require.NoError(t, err)
	defer store.Close()
	m := &batch.Manifest{Class: classOf(req.exercise), Kit: g.kit, Checker: g.checker, Names: c.names}
	require.NoError(t, store.WriteManifest(m))
	require.NoError(t, batch.Run(a.ctx, store, batch.Options{Names: c.names, Open: g.entry(c), Jobs: jobs}))
	records := map[string]*grade.Record{}
	for _, name := range c.names {
		records[name], err = store.Record(name)
		require.NoError(t, err)
		require.NotNil(t, records[name], "%s", name)
	}
	a.reports(store.Dir(), out, m, nil)
	return records, out
}

// TestHostile grades every hostile submission in one class, and among them some that
// are right, of which one is under way at any time: all get exactly their verdicts,
// and the machine is as it was. (make hostile has one, two and eight at a time.)
func TestHostile(t *testing.T) {
	a, _ := kit(t)
	require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) // what gets away comes to us
	class := t.TempDir()
	gradeWatched(t, a, "03", class, 4, layHostile(t, a.root, class, 4))
}

// layHostile puts the hostile submissions into a class, and beside one of so many of
// them one that is right, and returns what they must get, by name.
func layHostile(t *testing.T, root, class string, many int) map[string]*hostile {
	t.Helper()
	musts := map[string]*hostile{}
	for i, h := range hostiles(t, root) {
		name := h.lay(t, class)
		require.Nil(t, musts[name])
		musts[name] = h
		if i%many != 0 {
			continue
		}
		good := &hostile{Name: name + "+good", want: want{Verdict: grade.Pass, Score: 100}, Within: 15}
		require.NoError(t, os.CopyFS(filepath.Join(class, good.Name), os.DirFS(filepath.Join(root, solution03))))
		musts[good.Name] = good
	}
	return musts
}

// gradeWatched grades a class with canaries on the machine, and compares what
// each submission got with what it must get.
func gradeWatched(t *testing.T, a *app, exercise, class string, jobs int, musts map[string]*hostile) {
	t.Helper()
	watched := setCanaries(t, a.root, sandboxRoot(t), evilName, evilKey)
	host, err := sandbox.Open()
	require.NoError(t, err)
	records, out := gradeClass(t, a, host, exercise, class, jobs)
	for name, h := range musts {
		if assert.Contains(t, records, name) {
			h.check(t, records[name])
		}
	}
	assert.Len(t, records, len(musts))
	checkReports(t, out)
	assert.Empty(t, watched.touched(), "the machine was touched")
	left := func() []string { return leftBy(os.Getpid(), watched.pids()...) }
	assert.Eventually(t, func() bool { return len(left()) == 0 }, 5*time.Second, 20*time.Millisecond, "left: %v", left())
}

// checkReports looks for what hostile submissions try to bring into reports as
// it is. Each format's own tests hold how it escapes.
func checkReports(t *testing.T, out string) {
	t.Helper()
	reports := files(t, out)
	for _, name := range []string{"results.json", "results.csv", "junit.xml", "summary.md", "report.html"} {
		assert.Contains(t, reports, name)
	}
	raw := map[string]*regexp.Regexp{
		"an escape code, or another that controls": regexp.MustCompile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\u009b|\u0085"),
		"a mark that turns text around":            regexp.MustCompile("[\u202a-\u202e\u2066-\u2069]"),
		"bytes that are no UTF-8":                  regexp.MustCompile("\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"),
		"a script of theirs":                       regexp.MustCompile(`<script>(pidone-evil|document\.title='pidone)|<img src=x`),
		"a command to a CI service":                regexp.MustCompile(`(?m)^\s*::(error|warning|set-output|add-mask)\b`),
	}
	for name, text := range reports {
		if !utf8.ValidString(text) {
			assert.Fail(t, "a report that is no UTF-8", "%s", name)
		}
		for what, pattern := range raw {
			kind, markup := filepath.Ext(name), strings.HasPrefix(what, "a script")
			if kind == ".json" || kind == ".csv" && markup || kind == ".md" && markup || kind == ".html" && strings.HasPrefix(what, "a command") {
				continue // harmless there: text in quotes, or in a code span
			}
			if found := pattern.FindStringIndex(text); found != nil {
				assert.Fail(t, what, "%s: %q", name, text[max(0, found[0]-40):min(len(text), found[1]+40)])
			}
		}
	}
	cells, err := csv.NewReader(strings.NewReader(reports["results.csv"])).ReadAll()
	require.NoError(t, err)
	for _, row := range cells {
		for _, cell := range row {
			assert.NotRegexp(t, "^[ \t]*[=+@-]", cell, "a formula in results.csv")
		}
	}
}

// sandboxRoot returns the id that the root of a sandbox has outside.
func sandboxRoot(t *testing.T) int {
	t.Helper()
	host, err := sandbox.Open()
	require.NoError(t, err)
	res, err := host.Run(t.Context(), sandbox.Command{Path: "/bin/cat", Args: []string{"cat", "/proc/self/uid_map"}})
	require.NoError(t, err)
	var inside, outside int
	_, err = fmt.Sscan(string(res.Stdout.Data), &inside, &outside)
	require.NoError(t, err, "%s", res.Stderr.Data)
	return outside
}

// check compares what a submission got with what it must get.
func (h *hostile) check(t *testing.T, r *grade.Record) {
	t.Helper()
	out := ""
	if r.Run != nil {
		out = string(r.Run.Stdout.Data) + string(r.Run.Stderr.Data)
	}
	for _, m := range r.Entry.Build.Errors {
		out += fmt.Sprintf("%s:%d: %s\n", m.File, m.Line, m.Text)
	}
	for _, step := range r.Entry.Steps {
		for _, f := range step.Findings {
			out += fmt.Sprintln(f.Saw) + fmt.Sprintln(f.Why)
		}
	}
	must, got := result{h.Verdict, h.Score, h.Step, h.Cause}, resultOf(&r.Entry)
	shown := ""
	if got != must || *onlyHostile != "" {
		data, _ := json.MarshalIndent(r.Entry, "", "  ")
		shown = string(data) + "\n" + out[:min(len(out), 4000)]
	}
	took := float64(r.Entry.DurationMS) / 1000
	if *onlyHostile != "" {
		fmt.Printf("SHOW %s %v %v\n%s\n%s\n", h.Name, took, got, shown, out)
	}
	assert.Equal(t, must.String(), got.String(), "%s: %s", h.Name, shown)
	// A busy machine has a run take up to four times its limit.
	assert.Less(t, took, 4*h.Within, "%s: contained in time", h.Name)
	for _, pattern := range h.Says {
		assert.Regexp(t, "(?m)"+pattern, out, "%s", h.Name)
	}
	for _, pattern := range h.Never {
		if found := regexp.MustCompile("(?m)" + pattern).FindString(out); found != "" {
			assert.Fail(t, "an attack got through", "%s: %q", h.Name, found)
		}
	}
}
