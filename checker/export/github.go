package export

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"pidone/checker/grade"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// maxAnnotations is how many of a kind GitHub shows of one step of a workflow.
const maxAnnotations = 10

// github writes commands for the log of a step of GitHub Actions: an annotation
// for each finding, then what the program printed, in which no line is taken for
// a command.
func github(w io.Writer, class grade.Class, r *grade.Record) error {
	c := &r.Entry.Check
	b := bufio.NewWriter(w)
	var failed, broken []string
	for i := range c.Steps {
		s := &c.Steps[i]
		name := title(class.Exercise, s)
		if s.Verdict == grade.Error {
			broken = append(broken, command("warning", "", name, strings.Join(explain(c, s), "\n")))
		}
		if s.Verdict != grade.Fail {
			continue
		}
		if !c.Build.OK && len(c.Build.Errors) > 0 {
			for _, m := range c.Build.Errors {
				failed = append(failed, command("error", properties(c, m.File, m.Line, m.Col), name, m.Text))
			}
			continue
		}
		for j := range s.Findings {
			alone := *s
			alone.Findings, alone.Reason = s.Findings[j:j+1], ""
			failed = append(failed, command("error", place(c, &s.Findings[j]), name, strings.Join(explain(c, &alone), "\n")))
		}
	}
	if len(c.Steps) == 0 {
		broken = append(broken, command("warning", "", show(class.Exercise), reason(c)))
	}
	atMost(b, "error", failed)
	atMost(b, "warning", broken)
	summary := fmt.Sprintf("%s: %s", nameOf(r), c.Verdict)
	if c.MaxScore > 0 {
		summary += fmt.Sprintf(", %d/%d points", c.Score, c.MaxScore)
	}
	fmt.Fprintln(b, command("notice", "", show(class.Exercise), summary))
	if r.Run != nil {
		lines := append(output(r.Run.Stdout.Data, r.Run.Stdout.Total), output(r.Run.Stderr.Data, r.Run.Stderr.Total)...)
		quoted(b, "what the program printed", lines)
	}
	return b.Flush()
}

// atMost writes as many annotations as are shown; the last tells of the others.
func atMost(b *bufio.Writer, kind string, all []string) {
	if len(all) > maxAnnotations {
		rest := len(all) - maxAnnotations + 1
		all = append(all[:maxAnnotations-1:maxAnnotations-1], command(kind, "", "more", plural(rest, "more is not shown", "more are not shown")))
	}
	for _, line := range all {
		fmt.Fprintln(b, line)
	}
}

// command returns a workflow command of one line. properties are escaped already.
func command(kind, properties, title, message string) string {
	if properties != "" {
		properties += ","
	}
	return "::" + kind + " " + properties + "title=" + property(show(title)) + "::" + data(visible.Cut(message, maxText))
}

// place returns the properties of where a finding is, if it is known.
func place(c *grade.Check, f *scenario.Finding) string {
	file, line, _ := cutLast(f.At, ":")
	n, _ := strconv.Atoi(line)
	return properties(c, file, n, 0)
}

func properties(c *grade.Check, file string, line, col int) string {
	if file == "" {
		return ""
	}
	if !path.IsAbs(file) && !strings.HasPrefix(file, c.Submission+"/") {
		file = path.Join(c.Submission, file)
	}
	text := "file=" + property(show(file))
	if line > 0 {
		text += ",line=" + strconv.Itoa(line)
		if col > 0 {
			text += ",col=" + strconv.Itoa(col)
		}
	}
	return text
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// data escapes the message of a command, line by line.
func data(s string) string {
	var lines []string
	for line := range strings.SplitSeq(s, "\n") {
		lines = append(lines, strings.ReplaceAll(show(line), "%", "%25"))
	}
	return strings.Join(lines, "%0A")
}

// property escapes a property of a command. s is on one line.
func property(s string) string {
	return strings.NewReplacer("%", "%25", ":", "%3A", ",", "%2C").Replace(s)
}

// quoted writes lines between the commands that stop and resume commands. The
// word that resumes them is a hash of the lines, so that they cannot contain it.
func quoted(b *bufio.Writer, about string, lines []string) {
	if len(lines) == 0 {
		return
	}
	text := strings.Join(lines, "\n") + "\n"
	sum := sha256.Sum256([]byte(text))
	token := hex.EncodeToString(sum[:])
	fmt.Fprintf(b, "%s:\n::stop-commands::%s\n%s::%s::\n", about, token, text, token)
}
