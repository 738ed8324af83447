package export

import (
	"bufio"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"pidone/checker/grade"
)

// The elements of junit.xml, of those that the schemas in use (Jenkins' xunit
// plugin has the strictest) have in common: a suite for each submission, a case
// for each step. There every text is visible already, so that nothing is left
// that XML 1.0 forbids.
type (
	junitSuite struct {
		XMLName    xml.Name        `xml:"testsuite"`
		Name       string          `xml:"name,attr"`
		Tests      int             `xml:"tests,attr"`
		Failures   int             `xml:"failures,attr"`
		Errors     int             `xml:"errors,attr"`
		Skipped    int             `xml:"skipped,attr"`
		Time       string          `xml:"time,attr"`
		Timestamp  string          `xml:"timestamp,attr,omitempty"`
		File       string          `xml:"file,attr,omitempty"`
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
		Out        *junitText      `xml:"system-out"`
		Err        *junitText      `xml:"system-err"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    string       `xml:"time,attr"`
		Failure *junitResult `xml:"failure"`
		Error   *junitResult `xml:"error"`
		Skipped *junitResult `xml:"skipped"`
	}
	junitResult struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
	junitText struct {
		Text string `xml:",chardata"`
	}
)

// junit is junit.xml. The totals stand at its head, so the suites wait in a
// file without a name.
type junit struct {
	w                       io.Writer
	class                   grade.Class
	body                    *os.File
	buf                     *bufio.Writer
	err                     error
	tests, failures, errors int
	duration                int64 // ms
}

func newJUnit(w io.Writer, class grade.Class, dir string) Report {
	j := &junit{w: w, class: class}
	var f *file
	if f, j.err = create(filepath.Join(dir, "junit.body")); j.err == nil {
		j.body, j.buf = f.f, f.Writer
		j.err = os.Remove(f.temp)
	}
	return j
}

func (j *junit) Add(r *grade.Record) error {
	if j.err != nil {
		return j.err
	}
	return j.suite(j.buf, r)
}

func (j *junit) suite(w io.Writer, r *grade.Record) error {
	s := suiteOf(j.class, r)
	j.tests, j.failures, j.errors = j.tests+s.Tests, j.failures+s.Failures, j.errors+s.Errors
	j.duration += r.Entry.DurationMS
	data, err := xml.MarshalIndent(s, "  ", "  ")
	if err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

func (j *junit) Close() error {
	if j.body == nil {
		return j.err
	}
	defer j.body.Close()
	if j.err != nil {
		return j.err
	}
	if err := j.buf.Flush(); err != nil {
		return err
	}
	if _, err := j.body.Seek(0, io.SeekStart); err != nil {
		return err
	}
	return j.around(j.body)
}

// around writes the whole document.
func (j *junit) around(body io.Reader) error {
	var name strings.Builder
	if err := xml.EscapeText(&name, []byte(show(j.class.Exercise))); err != nil {
		return err
	}
	_, err1 := fmt.Fprintf(j.w, "%s<testsuites name=\"%s\" tests=\"%d\" failures=\"%d\" errors=\"%d\" time=\"%s\">\n",
		xml.Header, &name, j.tests, j.failures, j.errors, seconds(j.duration))
	_, err2 := io.Copy(j.w, body)
	_, err3 := io.WriteString(j.w, "</testsuites>\n")
	return errors.Join(err1, err2, err3)
}

// junitOf writes the document of one submission.
func junitOf(w io.Writer, class grade.Class, r *grade.Record) error {
	j := &junit{w: w, class: class}
	var body strings.Builder
	if err := j.suite(&body, r); err != nil {
		return err
	}
	return j.around(strings.NewReader(body.String()))
}

func seconds(ms int64) string { return strconv.FormatFloat(float64(max(ms, 0))/1000, 'f', 3, 64) }

// suiteOf makes the suite of a submission. A failed step is a failure, our
// fault an error; one that waits or that this machine cannot run is skipped.
func suiteOf(class grade.Class, r *grade.Record) junitSuite {
	c := &r.Entry.Check
	name := nameOf(r)
	s := junitSuite{Name: name, Time: seconds(c.DurationMS), File: show(c.Submission)}
	if !r.Started.IsZero() {
		s.Timestamp = r.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, p := range []junitProperty{
		{"verdict", show(string(c.Verdict))}, {"score", strconv.Itoa(c.Score)}, {"max_score", strconv.Itoa(c.MaxScore)},
	} {
		if p.Name == "verdict" || c.MaxScore > 0 {
			s.Properties = append(s.Properties, p)
		}
	}
	steps := c.Steps
	if len(steps) == 0 {
		steps = []grade.StepResult{{Title: "Check", Verdict: grade.Error, Reason: reason(c)}}
	}
	for i := range steps {
		step := &steps[i]
		one := junitCase{Name: title(class.Exercise, step), Class: name, Time: seconds(0)}
		if i == 0 { // steps share runs: it is the time of all of them
			one.Time = s.Time
		}
		text := strings.Join(explain(c, step), "\n")
		switch step.Verdict {
		case grade.Pass:
		case grade.Fail:
			one.Failure = &junitResult{Text: text}
			if len(step.Findings) > 0 {
				one.Failure.Message, one.Failure.Type = show(step.Findings[0].Saw), show(step.Findings[0].Cause)
			}
			s.Failures++
		case grade.Skip:
			one.Skipped = &junitResult{Message: show(step.Reason)}
			s.Skipped++
		default:
			one.Error = &junitResult{Message: show(step.Reason), Type: "checker", Text: text}
			s.Errors++
		}
		s.Cases = append(s.Cases, one)
	}
	s.Tests = len(s.Cases)
	if r.Run != nil {
		s.Out = junitOutput(output(r.Run.Stdout.Data, r.Run.Stdout.Total))
		s.Err = junitOutput(output(r.Run.Stderr.Data, r.Run.Stderr.Total))
	}
	return s
}

func junitOutput(lines []string) *junitText {
	if len(lines) == 0 {
		return nil
	}
	return &junitText{strings.Join(lines, "\n")}
}
