package command

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"pidone/checker/grade"
	"pidone/checker/sandbox"
)

var onlyHostile = flag.String("hostile", "", "grade only hostile submissions whose names match, and show what they got and printed")

// A hostile is one folder of testdata/submissions/hostile: README.md there
// says how it is made.
type hostile struct {
	want
	Name   string
	Needs  string   `json:"needs"`  // "cgroups": without them the machine would suffer
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

// hostileLimit is how long a hostile submission may run.
const hostileLimit = 6 * time.Second

// hostiles lists all of them.
func hostiles(t *testing.T, root string) (all []*hostile) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "testdata/submissions/hostile/*/want.json"))
	require.NoError(t, err)
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
		all = append(all, h)
	}
	return all
}

// lay makes the submission at path: the files of its folder, and those of
// common where it has no main.go.
func (h *hostile) lay(t *testing.T, path string) {
	t.Helper()
	from := []string{h.dir}
	if _, err := os.Lstat(filepath.Join(h.dir, "main.go")); err != nil {
		from = append(from, filepath.Join(filepath.Dir(h.dir), "common"))
	}
	for _, dir := range from {
		require.NoError(t, os.CopyFS(path, os.DirFS(dir)))
	}
	require.NoError(t, os.Remove(filepath.Join(path, "want.json")))
}

// TestHostile grades every hostile submission, and beside each of them one
// that is right: all get exactly their verdicts, and the machine is as it was.
func TestHostile(t *testing.T) {
	a, c := kit(t)
	fail := func(err error) { require.NoError(t, err) }
	fail(unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)) // what gets away comes to us
	watched := setCanaries(t, a.root, sandboxRoot(t))
	host, err := sandbox.Open()
	fail(err)
	s := &session{host: host, root: a.root}
	_, err = s.scratch()
	fail(err)
	all := hostiles(t, a.root)
	require.NotEmpty(t, all)
	class := t.TempDir()
	e, _, err := c.Find("03")
	require.NoError(t, err)
	own := &session{host: s.host, root: s.root, tools: s.tools, limit: hostileLimit}
	own.once.Do(func() {})

	judge := func(h *hostile, dir string) (*judged, error) {
		return a.judge(own, &request{exercise: e, dir: dir, name: h.Name, args: h.Args})
	}
	good := &hostile{Name: "good", want: want{Verdict: grade.Pass, Score: 100}, Within: 15}
	todo := make(chan *hostile)
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for h := range todo {
				dir := filepath.Join(class, h.Name)
				h.lay(t, dir)
				start := time.Now()
				j, err := judge(h, dir)
				h.check(t, j, err, time.Since(start))
				j, err = judge(good, filepath.Join(a.root, solution03))
				good.check(t, j, err, 0)
			}
		})
	}
	only := regexp.MustCompile(*onlyHostile)
	for _, h := range all {
		if !only.MatchString(h.Name) {
			continue
		}
		if h.Needs == "cgroups" && host.NoGroups() != nil {
			t.Logf("%s is left out: it needs cgroups: %v", h.Name, host.NoGroups())
			continue
		}
		todo <- h
	}
	close(todo)
	wg.Wait()
	host.Close()
	assert.Empty(t, watched.touched(), "the machine was touched")
	assert.Eventually(t, func() bool { return len(leftBy(os.Getpid(), watched.pids()...)) == 0 }, 5*time.Second, 20*time.Millisecond, "left: %v", leftBy(os.Getpid(), watched.pids()...))
}

// sandboxRoot returns the id that the root of a sandbox has outside.
func sandboxRoot(t *testing.T) int {
	t.Helper()
	host, err := sandbox.Open()
	require.NoError(t, err)
	defer host.Close()
	res, err := host.Run(t.Context(), sandbox.Command{Path: "/bin/cat", Args: []string{"cat", "/proc/self/uid_map"}})
	require.NoError(t, err)
	var inside, outside int
	_, err = fmt.Sscan(string(res.Stdout.Data), &inside, &outside)
	require.NoError(t, err, "%s", res.Stderr.Data)
	return outside
}

// check compares what a submission got with what it must get.
func (h *hostile) check(t *testing.T, j *judged, err error, took time.Duration) {
	if !assert.NoError(t, err, "%s", h.Name) {
		return
	}
	got := result{Verdict: j.check.Verdict, Score: j.check.Score}
	for _, step := range j.check.Steps {
		if step.Verdict == grade.Fail {
			if got.Step = step.Step; len(step.Findings) > 0 {
				got.Cause = step.Findings[0].Cause
			}
			break
		}
	}
	out := ""
	if j.first != nil {
		out = string(j.first.Stdout.Data) + string(j.first.Stderr.Data)
	}
	must := result{h.Verdict, h.Score, h.Step, h.Cause}
	shown := ""
	if got != must {
		data, _ := json.MarshalIndent(j.check, "", "  ")
		shown = string(data) + "\n" + out[:min(len(out), 4000)]
	}
	if *onlyHostile != "" {
		fmt.Printf("SHOW %s %v %v\n%s\n%s\n", h.Name, took.Seconds(), got, shown, out)
	}
	assert.Equal(t, must.String(), got.String(), "%s: %s", h.Name, shown)
	assert.Less(t, took.Seconds(), h.Within, "%s: contained in time", h.Name)
	for _, pattern := range h.Says {
		assert.Regexp(t, "(?m)"+pattern, out, "%s", h.Name)
	}
	for _, pattern := range h.Never {
		if found := regexp.MustCompile("(?m)" + pattern).FindString(out); found != "" {
			assert.Fail(t, "an attack got through", "%s: %q", h.Name, found)
		}
	}
}

func (w result) String() string {
	return fmt.Sprintf("%s %d, step %d: %s", w.Verdict, w.Score, w.Step, w.Cause)
}
