package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTally(t *testing.T) {
	line := func(action, test string) string {
		return `{"Action":"` + action + `","Package":"p","Test":"` + test + `","Output":"said by ` + test + `\n"}` + "\n"
	}
	for _, c := range []struct {
		name, in, last string
		ok             bool
	}{
		{"all pass", line("pass", "A") + line("pass", "B") + line("pass", ""), "2 passed, 0 failed, 0 skipped", true},
		{"one fails", line("output", "A") + line("fail", "A") + line("pass", "B") + line("fail", ""), "1 passed, 1 failed, 0 skipped", false},
		{"does not compile", `{"Action":"build-output","ImportPath":"p","Output":"x.go:1:1: no\n"}` + "\n" + line("fail", ""), "0 passed, 1 failed, 0 skipped", false},
		{"nothing ran", "", "0 passed, 0 failed, 0 skipped", false},
		{"a skip", line("skip", "A") + line("pass", "B"), "1 passed, 0 failed, 1 skipped", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			ta := tally{out: &out, said: map[[2]string][]string{}}
			require.NoError(t, ta.read(strings.NewReader(c.in)))
			assert.Equal(t, c.ok, ta.summary())
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			assert.Equal(t, c.last, lines[len(lines)-1])
			if strings.Contains(c.in, `"fail","Package":"p","Test":"A"`) {
				assert.Contains(t, out.String(), "said by A")
			}
		})
	}
}
