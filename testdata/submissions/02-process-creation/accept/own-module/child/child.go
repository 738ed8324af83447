// Package child is the second run.
package child

import (
	"os"
	"strconv"
)

// Arg is the argument that makes a run the child's.
const Arg = "child"

// Main says hello and returns the exit code.
func Main() int {
	if _, err := os.Stderr.WriteString("hello from " + strconv.Itoa(os.Getpid()) + "\n"); err != nil {
		return 1
	}
	return 0
}
