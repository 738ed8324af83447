// Package pattern holds regular expressions that are compiled when they are
// first asked for. All of them together would cost every start of the checker
// a part of a millisecond, and a check needs few.
package pattern

import (
	"regexp"
	"sync"
)

// Lazy returns a function that compiles the expression at its first call, and
// panics then if it is none.
func Lazy(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
