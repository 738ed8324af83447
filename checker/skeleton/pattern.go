package skeleton

import (
	"regexp"
	"sync"
)

// pattern compiles a regular expression when it is first asked for: all of them
// together would cost every start of the checker a part of a millisecond.
func pattern(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
