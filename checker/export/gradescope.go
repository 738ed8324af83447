package export

import (
	"io"
	"math"
	"strings"

	"pidone/checker/grade"
	"pidone/checker/report"
)

// Gradescope's results.json. It has no score of a submission whose verdict is
// error, neither its own nor a test's: the platform then says that the
// autograder failed, and keeps no zero. Nothing is hidden, because one hidden
// test hides the total.
type (
	gradescopeResult struct {
		Score         *float64         `json:"score,omitempty"` // of the class's maximum
		ExecutionTime float64          `json:"execution_time"`  // s
		Output        string           `json:"output"`
		OutputFormat  string           `json:"output_format"`
		TestFormat    string           `json:"test_output_format"`
		NameFormat    string           `json:"test_name_format"`
		Visibility    string           `json:"visibility"`
		Stdout        string           `json:"stdout_visibility"`
		Extra         gradescopeExtra  `json:"extra_data"`
		Tests         []gradescopeTest `json:"tests,omitempty"`
	}
	gradescopeExtra struct {
		Exercise string        `json:"exercise"`
		Verdict  grade.Verdict `json:"verdict"`
		Score    int           `json:"score"`
		MaxScore int           `json:"max_score"`
	}
	gradescopeTest struct {
		Score    float64 `json:"score"`
		MaxScore float64 `json:"max_score"`
		Status   string  `json:"status"`
		Name     string  `json:"name"`
		Number   string  `json:"number"`
		Output   string  `json:"output"`
	}
)

func gradescope(w io.Writer, class grade.Class, r *grade.Record) error {
	c := &r.Entry.Check
	result := gradescopeResult{
		ExecutionTime: float64(max(c.DurationMS, 0)) / 1000,
		OutputFormat:  "text", TestFormat: "text", NameFormat: "text",
		Visibility: "visible", Stdout: "hidden", // it is the instructor's
		Extra: gradescopeExtra{Exercise: class.Exercise, Verdict: c.Verdict, Score: c.Score, MaxScore: c.MaxScore},
	}
	head := gradescopeHead(class, c)
	if c.Verdict == grade.Error || c.MaxScore <= 0 {
		head = append(head, gradescopeTold(class, c)...)
	} else {
		score := scaled(class, c)
		result.Score = &score
		counts := grade.Counted(c.Steps)
		for i := range c.Steps {
			result.Tests = append(result.Tests, gradescopeStep(class, c, &c.Steps[i], counts[i]))
		}
	}
	result.Output = strings.Join(head, "\n")
	return writeJSON(w, result)
}

// gradescopeTold says what is known of the steps where no test may hold it.
func gradescopeTold(class grade.Class, c *grade.Check) []string {
	lines := []string{""}
	for i := range c.Steps {
		step := &c.Steps[i]
		lines = append(lines, title(class.Exercise, step)+": "+show(string(step.Verdict)))
		if step.Verdict != grade.Error {
			lines = append(lines, explain(c, step)...)
		} else if why := show(step.Reason); why != reason(c) {
			lines = append(lines, why)
		}
	}
	return bounded(lines)
}

// scaled returns the score as a share of what the class can reach, to two
// digits: a step that this machine cannot judge costs nothing.
func scaled(class grade.Class, c *grade.Check) float64 {
	of := max(class.MaxScore(), c.MaxScore)
	return math.Round(100*float64(c.Score)*float64(of)/float64(c.MaxScore)) / 100
}

func gradescopeHead(class grade.Class, c *grade.Check) []string {
	switch {
	case c.Verdict == grade.Error || c.MaxScore <= 0:
		head := []string{"This could not be graded: " + reason(c)}
		return append(head, "It is not your program's fault, and costs no points. Tell your instructor.")
	case c.Verdict == grade.Pass:
		return []string{"All steps pass."}
	case c.MaxScore < class.MaxScore():
		return []string{"Some steps could not be checked here: they are left out, and the score is the share of the rest."}
	}
	return []string{"What does not work, why, and what to try stands with each step."}
}

func gradescopeStep(class grade.Class, c *grade.Check, s *grade.StepResult, counts bool) gradescopeTest {
	t := gradescopeTest{
		Score: float64(s.Score), MaxScore: float64(s.MaxScore), Status: "failed",
		Name: show(s.Title), Number: number(class.Exercise, s.Step), Output: strings.Join(explain(c, s), "\n"),
	}
	if s.Verdict == grade.Pass {
		t.Status = "passed"
	}
	if s.Verdict == grade.Skip {
		t.Output = "not checked: " + t.Output
	}
	if !counts { // there is no status for it, and it must not look failed
		t.Name, t.MaxScore, t.Status = t.Name+" (not checked here)", 0, "passed"
	}
	return t
}

// writeJSON writes a value as a file of its own.
func writeJSON(w io.Writer, v any) error {
	data, err := report.MarshalJSON(v, "")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}
