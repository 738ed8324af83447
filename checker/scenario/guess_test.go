package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A pid counts beside any number of lines of noise, not among guesses.
func TestGuesses(t *testing.T) {
	lines := func(line func(i int) string) string {
		var b strings.Builder
		for i := range 3 * manyNumbers {
			b.WriteString(line(i) + "\n")
		}
		return b.String()
	}
	noise := lines(func(i int) string { return fmt.Sprint("line ", i) })
	for name, test := range map[string]struct {
		text string
		want bool
	}{
		"one":                  {"pid 1\n", true},
		"beside noise":         {noise + "pid 1\n", true},
		"in noise":             {noise, false},
		"alone in a line":      {noise + "1\n", true},
		"all in one line":      {strings.ReplaceAll(noise, "\n", " "), false},
		"worded anew":          {lines(func(i int) string { return strings.Repeat("x", i) + fmt.Sprint(" ", i) }), false},
		"many times the same":  {lines(func(int) string { return "pid 1" }), true},
		"two kinds of guesses": {noise + lines(func(i int) string { return fmt.Sprint("pid ", i) }), false},
	} {
		k, first := newKernel(RunSpec{})
		child := first.start(isolated...).print(test.text)
		finish(first, child)
		f, err := study(k.over())
		require.NoError(t, err)
		found := f.known(f.number(f.inside(), func(n int) bool { return n == 1 }))
		assert.Equal(t, test.want, printedCame(found), name)
	}
}
