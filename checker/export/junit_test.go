package export

import (
	"encoding/xml"
	"errors"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	ingest "github.com/joshdk/go-junit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// junitRule says what one element may have. It is what the schema junit-10 of
// Jenkins' xunit plugin demands of it.
type junitRule struct {
	need, may []string // attributes
	inside    []string // elements
}

func junitRules() map[string]junitRule {
	result := junitRule{may: []string{"type", "message"}}
	return map[string]junitRule{
		"testsuites": {may: []string{"name", "time", "tests", "failures", "errors"}, inside: []string{"testsuite"}},
		"testsuite": {
			need:   []string{"name", "tests", "failures", "errors"},
			may:    []string{"group", "time", "skipped", "timestamp", "hostname", "id", "package", "file", "log", "url"},
			inside: []string{"testsuite", "properties", "testcase", "system-out", "system-err"},
		},
		"properties": {inside: []string{"property"}},
		"property":   {need: []string{"name", "value"}},
		"testcase": {
			need: []string{"name"}, may: []string{"time", "classname", "group"},
			inside: []string{"skipped", "error", "failure", "system-out", "system-err"},
		},
		"failure": result, "error": result, "skipped": result, "system-out": {}, "system-err": {},
	}
}

var surefireTime = regexp.MustCompile(`^(([0-9]{0,3},)*[0-9]{3}|[0-9]{0,3})*(\.[0-9]*)?$`)

// validJUnit fails unless a document keeps the rules.
func validJUnit(t testing.TB, text string) {
	t.Helper()
	rules := junitRules()
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict = true
	var open []string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			name := token.Name.Local
			rule, known := rules[name]
			require.True(t, known, name)
			if len(open) == 0 {
				require.Equal(t, "testsuites", name)
			} else {
				require.Contains(t, rules[open[len(open)-1]].inside, name)
			}
			open = append(open, name)
			has := map[string]string{}
			for _, a := range token.Attr {
				has[a.Name.Local] = a.Value
				require.Contains(t, append(rule.need, rule.may...), a.Name.Local, name)
				plain(t, a.Value)
				if a.Name.Local == "time" {
					require.Regexp(t, surefireTime, a.Value)
				}
			}
			for _, a := range rule.need {
				require.Contains(t, has, a, name)
			}
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			if last := rules[strings.Join(open[max(len(open)-1, 0):], "")]; last.inside != nil || len(open) == 0 {
				require.Empty(t, strings.TrimSpace(string(token)), "text in %v", open)
			}
			plain(t, string(token))
		case xml.ProcInst:
			require.Equal(t, "xml", token.Target)
		default:
			require.Failf(t, "not expected", "%T", token)
		}
	}
	require.Empty(t, open)
}

func TestJUnit(t *testing.T) {
	records := realRecords(t)
	path := filepath.Join(write(t, someClass(), records), "junit.xml")
	text := read(t, path)
	validJUnit(t, text)
	suites, err := ingest.IngestFile(path)
	require.NoError(t, err)
	require.Len(t, suites, len(records))
	failures, skipped, broken := 0, 0, 0
	for i, r := range records {
		s, c := suites[i], &r.Entry.Check
		assert.Equal(t, r.Entry.Name, s.Name)
		assert.Equal(t, string(c.Verdict), s.Properties["verdict"])
		assert.InDelta(t, float64(c.DurationMS)/1000, s.Totals.Duration.Seconds(), 1e-9)
		if len(c.Steps) == 0 {
			require.Len(t, s.Tests, 1)
			assert.Equal(t, ingest.StatusError, s.Tests[0].Status)
			broken++
			continue
		}
		require.Len(t, s.Tests, len(c.Steps))
		for j, step := range c.Steps {
			want := map[grade.Verdict]ingest.Status{
				grade.Pass: ingest.StatusPassed, grade.Fail: ingest.StatusFailed, grade.Skip: ingest.StatusSkipped, grade.Error: ingest.StatusError,
			}[step.Verdict]
			assert.Equal(t, want, s.Tests[j].Status, "%s %d", r.Entry.Name, step.Step)
			assert.Equal(t, "03."+string(rune('0'+step.Step))+" "+step.Title, s.Tests[j].Name)
			switch step.Verdict {
			case grade.Fail:
				failures++
				assert.Equal(t, step.Findings[0].Saw, s.Tests[j].Message)
				if step.Findings[0].SameAs == 0 {
					assert.ErrorContains(t, s.Tests[j].Error, "\ntry   "+step.Findings[0].Try)
				}
			case grade.Skip:
				skipped++
				assert.Equal(t, step.Reason, s.Tests[j].Message)
			case grade.Error:
				broken++
			}
		}
	}
	var head struct {
		Failures int `xml:"failures,attr"`
		Errors   int `xml:"errors,attr"`
		Tests    int `xml:"tests,attr"`
		Suites   []struct {
			Skipped   int    `xml:"skipped,attr"`
			Timestamp string `xml:"timestamp,attr"`
		} `xml:"testsuite"`
	}
	require.NoError(t, xml.Unmarshal([]byte(text), &head))
	assert.Equal(t, []int{failures, broken, 4*len(records) - 3}, []int{head.Failures, head.Errors, head.Tests})
	for _, s := range head.Suites {
		skipped -= s.Skipped
		assert.Equal(t, "2026-03-01T12:30:05", s.Timestamp)
	}
	assert.Zero(t, skipped)
	assert.Contains(t, text, "main.go:20: too many arguments&#xA;      have (int)")

	validJUnit(t, read(t, write(t, someClass(), nil), "junit.xml"))
	var one strings.Builder
	require.NoError(t, One(&one, "junit", someClass(), records[0]))
	validJUnit(t, one.String())
}

func hostileJUnit(t *testing.T, dir string, records []*grade.Record) {
	text := read(t, dir, "junit.xml")
	validJUnit(t, text)
	suites, err := ingest.IngestFile(filepath.Join(dir, "junit.xml"))
	require.NoError(t, err)
	require.Len(t, suites, len(records))
	for _, s := range suites {
		require.Len(t, s.Tests, 4)
	}
}
