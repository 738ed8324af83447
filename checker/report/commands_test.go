package report

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/grade"
)

// A compiler's message quotes the submission, which may try to command a CI log.
func TestNoLineIsACommand(t *testing.T) {
	c := &grade.Check{Exercise: "03-x", Submission: "dir", Verdict: grade.Fail, Build: grade.Build{
		Errors: []grade.Message{{Text: "first\n\t::error file=x::pwned\n##[set-output name=x]y"}},
	}}
	var out strings.Builder
	require.NoError(t, Text(&out, c, Context{}, Options{}))
	assert.Contains(t, out.String(), "pwned")
	for line := range strings.Lines(out.String()) {
		line = strings.TrimLeft(line, " ")
		assert.False(t, strings.HasPrefix(line, "::") || strings.HasPrefix(line, "##["), "%q", line)
	}
}
