package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pidone/checker/course"
	"pidone/checker/grade"
	"pidone/checker/report"
)

// firstOpen returns the exercise that a learner is at: the first that is not
// done, of those of which the one before is; the last, if all are done.
func (a *app) firstOpen(c *course.Course) (*course.Exercise, error) {
	st, err := readState(a.root)
	if err != nil {
		return nil, err
	}
	if open, _ := c.Open(st.done(c)); len(open) > 0 {
		return open[0], nil
	}
	return c.Exercises[len(c.Exercises)-1], nil
}

// everything returns an error if a request for all exercises asks for more than
// there is an answer to.
func (r *request) everything() error {
	switch {
	case r.args != nil:
		return errors.New("ARGS are for one exercise: exercises are started with different arguments")
	case r.format != "text" && r.format != "json":
		return fmt.Errorf("FORMAT=%s is for one exercise at a time", r.format)
	}
	return nil
}

// checkAll checks all exercises, in one session: the learner's own, or those in
// a folder that holds one with the name of each. JSON is a list of checks.
func (a *app) checkAll(all *request) int {
	var requests []*request
	for _, e := range all.course.Exercises {
		req := *all
		req.exercise = e
		dir := ""
		if all.dir != "" {
			dir = filepath.Join(all.dir, e.ID)
		}
		var err error
		if req.dir, req.name, req.own, err = a.submission(dir, e); err != nil {
			return a.fail(err)
		}
		if _, err := os.Stat(req.dir); err != nil {
			return a.fail(fmt.Errorf("find submission of %s: %w", e.ID, err))
		}
		requests = append(requests, &req)
	}
	s, code, entered, err := a.openSessionAt(all.place)
	if err != nil {
		return a.fail(err)
	}
	if entered {
		return code
	}
	defer s.close()
	var results []*grade.Check
	var verdicts []grade.Verdict
	var cold []string
	for i, req := range requests {
		j, err := a.judge(s, req)
		if err != nil {
			return a.fail(err)
		}
		result := &j.check
		if req.format == "text" {
			if i > 0 {
				fmt.Fprintln(a.out)
			}
			if err := report.Text(a.out, result, a.reportContext(req, j.first), a.reportOptions()); err != nil {
				return a.fail(fmt.Errorf("write result: %w", err))
			}
		}
		a.keepScore(req, result)
		results, verdicts, cold = append(results, result), append(verdicts, result.Verdict), append(cold, j.cold...)
	}
	if all.format == "json" {
		enc := json.NewEncoder(a.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(results)
	} else {
		_, err = fmt.Fprintf(a.out, "\n%s\n", inShort(requests, results))
	}
	if err != nil {
		return a.fail(fmt.Errorf("write result: %w", err))
	}
	a.warm(s, cold)
	// What this machine lacks a feature for takes nothing from what was run.
	if run := slices.DeleteFunc(slices.Clone(verdicts), func(v grade.Verdict) bool { return v == grade.Skip }); len(run) > 0 {
		verdicts = run
	}
	return grade.ExitStatus(verdicts...)
}

// inShort is one line about all: "all: 02 100/100, 03 60/100, 04 skipped".
func inShort(requests []*request, results []*grade.Check) string {
	var parts []string
	for i, r := range results {
		part := fmt.Sprintf("%s %d/%d", requests[i].exercise.Number, r.Score, r.MaxScore)
		switch r.Verdict {
		case grade.Skip:
			part = requests[i].exercise.Number + " not run here"
		case grade.Error:
			part = requests[i].exercise.Number + " could not be told"
		}
		parts = append(parts, part)
	}
	return "all: " + strings.Join(parts, ", ")
}
