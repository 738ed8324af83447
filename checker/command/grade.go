package command

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pidone/checker/batch"
	"pidone/checker/build"
	"pidone/checker/course"
	"pidone/checker/export"
)

// memoryEach is what each submission that has its turn may need: its
// compilation, and the runs of those who lent it theirs.
const memoryEach = 3<<29 + batch.MaxLent*512<<20

// gradeRequest is what grade reads from its arguments.
type gradeRequest struct {
	course   *course.Course
	exercise *course.Exercise
	dir      string // absolute
	out      string // as it was typed
	store    string // out, absolute
	roster   string // absolute, or ""
	jobs     int
	place    place
	redo     bool
	only     names
	shard    batch.Shard
	evidence bool
	formats  []string
}

// names is a flag that may be given several times.
type names map[string]bool

func (n names) String() string { return "" }
func (n names) Set(s string) error {
	n[s] = true
	return nil
}

func (a *app) gradeRequest(args []string) (*gradeRequest, error) {
	r := &gradeRequest{only: names{}}
	fs := flag.NewFlagSet("grade", flag.ContinueOnError)
	step := fs.String("step", "", "the exercise")
	fs.StringVar(&r.out, "out", "report", "the folder for results and reports")
	fs.StringVar(&r.roster, "roster", "", "a CSV file that names everyone")
	fs.IntVar(&r.jobs, "jobs", 0, "how many at once; default: as many as there are cores and memory for")
	fs.BoolVar(&r.redo, "redo", false, "grade again what has a result")
	fs.Var(r.only, "only", "grade this submission alone; may be given several times")
	shard := fs.String("shard", "", "grade a share: 2/8 is the second of eight")
	fs.BoolVar(&r.evidence, "evidence", false, "keep what was recorded, for checker regrade")
	formats := fs.String("format", "", "more reports: exercism, tap, github; with commas between")
	r.place.flags(fs)
	positional, rest, _, err := parse(fs, args)
	if err == nil {
		err = r.place.check()
	}
	if err != nil {
		return nil, err
	}
	positional = append(positional, rest...)
	if len(positional) == 0 || positional[0] == "" { // make passes an empty word on
		return nil, errors.New("say which folder holds the submissions, one entry each: make grade SUBMISSIONS=DIR, or checker grade --step 03 --out report DIR")
	}
	if len(positional) > 1 {
		return nil, fmt.Errorf("one folder of submissions at a time, not %q", positional)
	}
	if r.course, err = a.load(); err != nil {
		return nil, err
	}
	var part *course.Step
	if r.exercise, part, err = selected(r.course, []string{*step}); err != nil {
		return nil, err
	}
	if part != nil {
		return nil, fmt.Errorf("grade exercises as a whole: --step %s, not %s", r.exercise.Number, *step)
	}
	if *shard != "" {
		if r.shard, err = batch.ParseShard(*shard); err != nil {
			return nil, err
		}
	}
	if r.jobs < 0 || r.jobs > batch.MaxOpen {
		return nil, fmt.Errorf("--jobs %d: from 1 to %d; 0 is as many as this machine has cores and memory for", r.jobs, batch.MaxOpen)
	}
	if r.jobs == 0 {
		r.jobs = min(batch.Jobs(memoryEach), batch.MaxOpen)
	}
	if r.formats, err = extraFormats(*formats); err != nil {
		return nil, err
	}
	if r.dir, err = absolute(positional[0]); err != nil {
		return nil, err
	}
	if info, err := os.Stat(r.dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("grade %s: it is a file: unpack it, and give the folder that holds the submissions", positional[0])
	}
	if !isDir(r.dir) {
		return nil, fmt.Errorf("grade %s: there is no such folder", positional[0])
	}
	if r.store, err = absolute(r.out); err != nil {
		return nil, err
	}
	if rel, err := filepath.Rel(r.dir, r.store); err == nil && (rel == "." || filepath.IsLocal(rel) && rel != filepath.Base(rel)) {
		return nil, fmt.Errorf("--out %s: it lies among the submissions in %s: name another folder", r.out, positional[0])
	}
	if r.roster != "" {
		r.roster, err = absolute(r.roster)
	}
	return r, err
}

// grade grades a folder of submissions.
func (a *app) grade(args []string) int {
	req, err := a.gradeRequest(args)
	if err != nil {
		return a.fail(err)
	}
	s, code, entered, err := a.openSessionAt(req.place)
	if err != nil {
		return a.fail(err)
	}
	if entered {
		return code
	}
	defer s.close()
	if err := s.await(); err != nil {
		return a.fail(err)
	}
	g, err := a.grader(s, req)
	if err != nil {
		return a.fail(err)
	}
	if err := g.sound(); err != nil {
		return a.fail(err)
	}
	c, err := a.class(req)
	if err != nil {
		return a.fail(err)
	}
	if err := known(req.only, c.names); err != nil {
		return a.fail(err)
	}
	store, err := batch.OpenStore(req.store)
	if err != nil {
		return a.fail(err)
	}
	defer store.Close()
	if err := sameExercise(store, req); err != nil {
		return a.fail(err)
	}
	m := &batch.Manifest{Class: classOf(req.exercise), Kit: g.kit, Checker: g.checker, Shard: req.shard, Names: c.names}
	if err := store.WriteManifest(m); err != nil {
		return a.fail(err)
	}
	share := m.Share()
	if len(share) == 0 {
		a.tell("note: shard %s has none of the %d submissions", req.shard, len(c.names))
	}
	p := a.newMeter(len(share))
	g.warm.slow = p.warming
	options := batch.Options{
		Names: share, Open: g.entry(c), Jobs: req.jobs, Redo: req.redo, Evidence: req.evidence,
		Done: p.done, Again: p.again,
	}
	if len(req.only) > 0 {
		options.Only = req.only
	}
	err = batch.Run(a.ctx, store, options)
	p.close()
	if a.ctx.Err() != nil {
		a.tell("interrupted, and nothing else is left behind; %s", p.kept(req))
		return interrupted
	}
	if err != nil {
		return a.fail(fmt.Errorf("%w; %s", err, p.kept(req)))
	}
	return a.reports(store.Dir(), req.out, m, req.formats)
}

// grader prepares what is the same for all submissions.
func (a *app) grader(s *session, req *gradeRequest) (*grader, error) {
	g := &grader{judging: newJudging(a.root, req.exercise), session: s, evidence: req.evidence}
	g.lacks = s.lacks(a.ctx)
	var err error
	if g.kit, err = g.kitHash(); err != nil {
		return nil, err
	}
	if g.checker, err = checkerHash(); err != nil {
		return nil, err
	}
	if s.tools, err = build.FindToolchain(a.ctx, a.root); err != nil {
		return nil, err
	}
	g.goes = s.tools.Version + req.place.String()
	stock := build.NewStock(build.Request{Kit: a.root, Tools: s.tools})
	g.warm = &warmer{root: a.root, stock: stock, tried: map[string]bool{}}
	g.scratch, err = s.scratch()
	return g, err
}

// sameExercise returns an error if a folder has the results of another exercise:
// they would be gone.
func sameExercise(store *batch.Store, req *gradeRequest) error {
	m, err := batch.ReadManifest(store.Dir())
	if err != nil || m.Class.Exercise == req.exercise.ID {
		return nil // there is none yet, or none that can be read
	}
	return fmt.Errorf("grade %s into %s: it has the results of %s: name another folder, such as OUT=report-%s", req.exercise.ID, req.out, m.Class.Exercise, req.exercise.Number)
}

// known says which of the names are none.
func known(only names, all []string) error {
	for name := range only {
		if !slices.Contains(all, name) {
			like := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return !strings.Contains(strings.ToLower(s), strings.ToLower(name)) })
			if len(like) == 0 {
				like = all
			}
			return fmt.Errorf("--only %s: no submission has that name; there are, for one, %s", printable(name), printable(strings.Join(like[:min(len(like), 5)], ", ")))
		}
	}
	return nil
}

// absolute returns a path that holds when the working directory changes.
func absolute(path string) (string, error) {
	path, err := expandHome(path)
	if err != nil {
		return "", err
	}
	if path, err = filepath.Abs(path); err != nil {
		return "", fmt.Errorf("find %s: %w", path, err)
	}
	return path, nil
}

// extraFormats reads --format.
func extraFormats(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	formats := strings.Split(list, ",")
	for _, f := range formats {
		if !slices.Contains(export.Extra(), f) {
			return nil, fmt.Errorf("no further format %q; there are %s", f, strings.Join(export.Extra(), ", "))
		}
	}
	return formats, nil
}
