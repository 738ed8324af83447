package export

import (
	"io"
	"strings"

	"pidone/checker/grade"
)

// The object whose base64 is the step output "result" for GitHub Classroom's
// reporter. The reporter adds the tests' scores up and compares them with
// max_score; it makes a NaN of a missing score and drops a runner whose
// max_score is 0. It knows no error that costs nothing: docs/ tells how the
// workflow keeps one from it.
type (
	classroomResult struct {
		Version  int             `json:"version"`
		Status   string          `json:"status"` // pass, fail, error
		MaxScore int             `json:"max_score"`
		Tests    []classroomTest `json:"tests"`
	}
	classroomTest struct {
		Name     string `json:"name"`
		Status   string `json:"status"`
		Score    int    `json:"score"`
		Message  string `json:"message"`
		TestCode string `json:"test_code"`
		Filename string `json:"filename"`
		LineNo   int    `json:"line_no"`
		Duration int64  `json:"duration"` // ms
	}
)

func classroom(w io.Writer, class grade.Class, r *grade.Record) error {
	c := &r.Entry.Check
	result := classroomResult{Version: 1, Status: status(c.Verdict), MaxScore: c.MaxScore}
	if result.MaxScore <= 0 {
		result.Status, result.MaxScore = "error", max(class.MaxScore(), 1)
	}
	counts := grade.Counted(c.Steps)
	for i := range c.Steps {
		s := &c.Steps[i]
		result.Tests = append(result.Tests, classroomTest{
			Name: title(class.Exercise, s), Status: stepStatus(s, counts[i]), Score: s.Score,
			Message: strings.Join(explain(c, s), "\n"), TestCode: "make check STEP=" + number(class.Exercise, s.Step),
		})
	}
	if len(result.Tests) == 0 {
		result.Tests = []classroomTest{{Name: show(class.Exercise), Status: "error", Message: reason(c), TestCode: "make check"}}
	}
	result.Tests[0].Duration = max(c.DurationMS, 0) // of all of them
	return writeJSON(w, result)
}

// status is the word for a verdict where there is no skip.
func status(v grade.Verdict) string {
	switch v {
	case grade.Pass:
		return "pass"
	case grade.Fail:
		return "fail"
	}
	return "error"
}

// stepStatus is the word for a step where there is no skip: one that waits for
// a failed one has not passed, one that this machine cannot run is no failure.
func stepStatus(s *grade.StepResult, counts bool) string {
	if s.Verdict == grade.Skip && counts {
		return "fail"
	}
	return status(s.Verdict)
}
