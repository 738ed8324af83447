package export

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// gradescopeFile is all that Gradescope's page on results.json names.
type gradescopeFile struct {
	Score            *float64       `json:"score"`
	ExecutionTime    *float64       `json:"execution_time"`
	Output           string         `json:"output"`
	OutputFormat     string         `json:"output_format"`
	TestOutputFormat string         `json:"test_output_format"`
	TestNameFormat   string         `json:"test_name_format"`
	Visibility       string         `json:"visibility"`
	StdoutVisibility string         `json:"stdout_visibility"`
	ExtraData        map[string]any `json:"extra_data"`
	Tests            []struct {
		Score        *float64       `json:"score"`
		MaxScore     *float64       `json:"max_score"`
		Status       string         `json:"status"`
		Name         string         `json:"name"`
		NameFormat   string         `json:"name_format"`
		Number       string         `json:"number"`
		Output       string         `json:"output"`
		OutputFormat string         `json:"output_format"`
		Tags         []string       `json:"tags"`
		Visibility   string         `json:"visibility"`
		ExtraData    map[string]any `json:"extra_data"`
	} `json:"tests"`
	Leaderboard []map[string]any `json:"leaderboard"`
}

// validGradescope reads a results.json by the platform's rules.
func validGradescope(t testing.TB, text string) gradescopeFile {
	t.Helper()
	plain(t, text)
	require.Less(t, len(text), 1<<20)
	var g gradescopeFile
	strict(t, text, &g)
	formats := []string{"", "text", "html", "simple_format", "md", "ansi"}
	visible := []string{"", "visible"} // a hidden one hides the total
	require.Contains(t, formats, g.OutputFormat)
	require.Contains(t, formats, g.TestOutputFormat)
	require.Contains(t, formats, g.TestNameFormat)
	require.NotContains(t, []string{"html", "md", "simple_format"}, g.OutputFormat, "what a submission wrote is no markup")
	require.Equal(t, "text", g.TestOutputFormat)
	require.Equal(t, "text", g.TestNameFormat)
	require.Contains(t, visible, g.Visibility)
	require.Contains(t, []string{"hidden", "after_due_date", "after_published", "visible"}, g.StdoutVisibility)
	for _, test := range g.Tests {
		require.Contains(t, visible, test.Visibility)
		require.Contains(t, formats, test.OutputFormat)
		require.Contains(t, []string{"passed", "failed"}, test.Status)
		require.NotNil(t, test.Score)
		require.NotNil(t, test.MaxScore)
		require.LessOrEqual(t, *test.Score, *test.MaxScore)
		require.Regexp(t, `^\d\d\.\d$`, test.Number)
	}
	if g.Score != nil {
		require.False(t, math.IsNaN(*g.Score))
		require.NotEmpty(t, g.Tests)
	}
	return g
}

func TestGradescope(t *testing.T) {
	records := realRecords(t)
	dir := write(t, someClass(), records)
	of := func(name string) gradescopeFile {
		return validGradescope(t, read(t, dir, "gradescope", name, "results.json"))
	}
	for _, r := range records {
		g, c := of(r.Entry.Name), &r.Entry.Check
		if c.Verdict == grade.Error {
			assert.Nil(t, g.Score, "no zero")
			assert.Empty(t, g.Tests, "whose sum it would be")
			assert.Contains(t, g.Output, "not your program's fault")
			continue
		}
		require.Len(t, g.Tests, len(c.Steps))
		require.NotNil(t, g.Score)
		if c.MaxScore == 100 {
			assert.InDelta(t, c.Score, *g.Score, 1e-9)
			sum := 0.0
			for _, test := range g.Tests {
				sum += *test.Score
			}
			assert.InDelta(t, sum, *g.Score, 1e-9)
		}
		for i, test := range g.Tests {
			assert.Equal(t, c.Steps[i].Verdict == grade.Pass, test.Status == "passed" && *test.MaxScore > 0)
		}
	}
	assert.Contains(t, of("zz-error").Output, "This could not be graded: no user namespaces: max_user_namespaces is 0\n")
	assert.Contains(t, of("zz-does-not-compile").Tests[0].Output, "main.go:12:3: undefined: sycall\n")
	assert.Contains(t, of("zz-waits").Tests[1].Output, "try   add syscall.CLONE_NEWPID to Cloneflags\nhint  make hint STEP=03.2\n")

	// 20 of the 40 points that could be judged here are 50 of 100.
	skip := of("zz-skip")
	assert.InDelta(t, 50, *skip.Score, 1e-9)
	assert.Contains(t, skip.Output, "the score is the share of the rest")
	assert.Equal(t, "Add namespace isolation (not checked here)", skip.Tests[1].Name)
	assert.Zero(t, *skip.Tests[2].MaxScore, "it waits for one that could not be judged")
}

// reported does with the object what the reporter for GitHub Classroom does
// with the step's output; ok is false if it sends nothing.
func reported(t testing.TB, object string) (points, of float64, ok bool) {
	t.Helper()
	decoded, err := base64.StdEncoding.DecodeString(base64.StdEncoding.EncodeToString([]byte(object)))
	require.NoError(t, err)
	var result struct {
		MaxScore float64                      `json:"max_score"`
		Tests    []map[string]json.RawMessage `json:"tests"`
	}
	require.NoError(t, json.Unmarshal(decoded, &result))
	for _, test := range result.Tests {
		var score float64
		require.Contains(t, test, "score", "undefined makes NaN of the sum")
		require.NoError(t, json.Unmarshal(test["score"], &score))
		points += score
	}
	return points, result.MaxScore, result.MaxScore != 0
}

func validClassroom(t testing.TB, text string) (status string) {
	t.Helper()
	plain(t, text)
	var c struct {
		Version  int    `json:"version"`
		Status   string `json:"status"`
		MaxScore int    `json:"max_score"`
		Tests    []struct {
			Name     string `json:"name"`
			Status   string `json:"status"`
			Score    int    `json:"score"`
			Message  string `json:"message"`
			TestCode string `json:"test_code"`
			Filename string `json:"filename"`
			LineNo   int    `json:"line_no"`
			Duration int64  `json:"duration"`
		} `json:"tests"`
	}
	strict(t, text, &c)
	require.Equal(t, 1, c.Version)
	require.Contains(t, []string{"pass", "fail", "error"}, c.Status)
	require.Positive(t, c.MaxScore)
	require.NotEmpty(t, c.Tests)
	for _, test := range c.Tests {
		require.Contains(t, []string{"pass", "fail", "error"}, test.Status)
		require.NotEmpty(t, test.Name)
		require.NotEmpty(t, test.TestCode)
	}
	return c.Status
}

func TestClassroom(t *testing.T) {
	records := realRecords(t)
	dir := write(t, someClass(), records)
	for _, r := range records {
		text := read(t, dir, "classroom", r.Entry.Name+".json")
		status := validClassroom(t, text)
		points, of, ok := reported(t, text)
		require.True(t, ok)
		c := &r.Entry.Check
		assert.InDelta(t, c.Score, points, 1e-9)
		if c.Verdict == grade.Error {
			assert.Equal(t, "error", status)
		} else {
			assert.Equal(t, string(c.Verdict), status)
			assert.InDelta(t, c.MaxScore, of, 1e-9)
		}
	}
}

func validExercism(t testing.TB, text string) exercismFile {
	t.Helper()
	plain(t, text)
	var e exercismFile
	strict(t, text, &e)
	require.Equal(t, 3, e.Version)
	require.Contains(t, []string{"pass", "fail", "error"}, e.Status)
	if e.Status == "error" {
		require.NotNil(t, e.Message)
		require.NotEmpty(t, *e.Message)
		require.LessOrEqual(t, utf8.RuneCountInString(*e.Message), 65535)
	} else {
		require.Nil(t, e.Message)
	}
	require.NotNil(t, e.Tests)
	all := true
	for i, test := range e.Tests {
		require.Equal(t, i+1, test.TaskID, "in the order of the page")
		require.Contains(t, []string{"pass", "fail", "error"}, test.Status)
		all = all && test.Status == "pass"
		if test.Output != nil {
			n := utf8.RuneCountInString(*test.Output)
			require.LessOrEqual(t, n, 500)
			if n == 500 {
				require.Contains(t, *test.Output, "truncated")
			}
		}
		if test.Message != nil {
			require.LessOrEqual(t, utf8.RuneCountInString(*test.Message), 65535)
		}
	}
	if e.Status == "pass" {
		require.True(t, all && len(e.Tests) > 0)
	}
	return e
}

type exercismFile struct {
	Version int     `json:"version"`
	Status  string  `json:"status"`
	Message *string `json:"message"`
	Tests   []struct {
		Name     string  `json:"name"`
		Status   string  `json:"status"`
		Message  *string `json:"message"`
		Output   *string `json:"output"`
		TestCode string  `json:"test_code"`
		TaskID   int     `json:"task_id"`
	} `json:"tests"`
}

func TestExercism(t *testing.T) {
	records := realRecords(t)
	dir := write(t, someClass(), records)
	of := func(name string) exercismFile {
		return validExercism(t, read(t, dir, "exercism", name+".json"))
	}
	for _, r := range records {
		e := of(r.Entry.Name)
		switch v := r.Entry.Verdict; {
		case v == grade.Error || r.Entry.Build.Errors != nil && !r.Entry.Build.OK && len(r.Entry.Build.Errors) > 0:
			assert.Equal(t, "error", e.Status)
		default:
			assert.Equal(t, string(v), e.Status)
		}
	}
	assert.Equal(t, "main.go:12:3: undefined: sycall\nmain.go:20: too many arguments\n      have (int)\n      want ()\ntoo many errors",
		*of("zz-does-not-compile").Message)
	assert.Contains(t, *of("zz-error").Message, "not the program's fault")
	waits := of("zz-waits")
	assert.Equal(t, "fail", waits.Tests[2].Status)
	assert.Equal(t, "step 2 must pass first", *waits.Tests[2].Message)
	assert.Equal(t, "child in-new pid uts", waits.Tests[1].TestCode)
	flag := of("flag-missing-pid")
	assert.Nil(t, flag.Tests[0].Output)
	require.NotNil(t, flag.Tests[1].Output, "the first failure is what a learner sees")
	assert.Contains(t, *flag.Tests[1].Output, "hostname: ")
}

func hostilePlatforms(t *testing.T, dir string, records []*grade.Record) {
	for _, r := range records {
		file := grade.FileName(r.Entry.Name)
		g := validGradescope(t, read(t, dir, "gradescope", file, "results.json"))
		require.NotNil(t, g.Score)
		text := read(t, dir, "classroom", file+".json")
		validClassroom(t, text)
		_, of, ok := reported(t, text)
		require.True(t, ok)
		require.InDelta(t, r.Entry.MaxScore, of, 0)
		validExercism(t, read(t, dir, "exercism", file+".json"))
		require.NotContains(t, text, "<", "html")
	}
}

func TestLimited(t *testing.T) {
	assert.Equal(t, "ab", *limited("ab", 2, "!"))
	assert.Equal(t, "ab!", *limited("abcd", 3, "!"))
	assert.Equal(t, "éé!", *limited("éééé", 3, "!"))
	assert.Equal(t, 500, utf8.RuneCountInString(*limited(strings.Repeat("é", 501), 500, exercismCut)))
}
