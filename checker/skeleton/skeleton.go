// Package skeleton makes the exercises, which learners edit, from the
// solutions, which we write by hand.
//
// A solution marks what a learner has to write, as regions between comments:
//
//	// step 2 begin: what to do, which
//	// may go on for more lines
//	the solution's code
//	// step 2 else
//	// code for the skeleton
//	// step 2 end
//
// In the skeleton the region is a comment, "TODO step 2: what to do, which
// ...", followed by the lines of the else part, taken out of their comment. The
// else part may be missing, the code too. A marker stands alone on its line.
// Every comment that begins with "step" and a number has to be a marker, so
// that a misspelt one is an error and no solution leaks out. The comment lines
// directly below a begin belong to its text: an empty line ends it.
//
// The package promises that a skeleton is gofmt'd Go without imports that only
// the solution needed, and that Update never overwrites a file that a learner
// has changed. It does not promise that a skeleton compiles: that depends on
// the else parts, and the package's tests see to it.
package skeleton

import (
	"bytes"
	"fmt"
	"go/format"
	"strings"
)

// A Mark is where the TODO comment for a step stands in a skeleton.
type Mark struct {
	Step int
	Line int // its first line in the skeleton, from 1
}

// Generate returns the skeleton of a solution's file, and where its TODO comments
// stand, from the top. The name is for errors, which say in which line of
// that file the fault lies.
func Generate(name string, solution []byte) ([]byte, []Mark, error) {
	return Partly(name, solution, 0)
}

// Partly returns what a file looks like when a learner has done the steps up to
// and including done: the solution's code is there for those, without markers,
// and TODO comments for the later steps. With done 0 that is the skeleton, with
// the last step's number the solution without its markers.
func Partly(name string, solution []byte, done int) ([]byte, []Mark, error) {
	regions, err := findRegions(name, solution)
	if err != nil {
		return nil, nil, err
	}

	lines := strings.SplitAfter(string(solution), "\n")
	var text strings.Builder
	next := 0
	for _, r := range regions {
		writeLines(&text, lines[next:r.begin])
		if r.step <= done {
			writeLines(&text, lines[r.code:r.codeEnd])
		} else {
			r.writeTodo(&text, lines)
		}
		next = r.end + 1
	}
	writeLines(&text, lines[next:])

	pruned, err := pruneImports(name, solution, []byte(text.String()))
	if err != nil {
		return nil, nil, err
	}
	skeleton, err := format.Source(pruned)
	if err != nil {
		return nil, nil, fmt.Errorf("format skeleton of %s: %w", name, err)
	}
	return skeleton, marks(skeleton, regions, done), nil
}

func writeLines(text *strings.Builder, lines []string) {
	for _, line := range lines {
		text.WriteString(line)
	}
}

// marks finds the TODO comments of the regions that are still open, the nth
// comment for a step being that of the nth region for it.
func marks(skeleton []byte, regions []region, done int) []Mark {
	var found []Mark
	line := 0
	rest := bytes.Split(skeleton, []byte("\n"))
	for _, r := range regions {
		if r.step <= done {
			continue
		}
		for line < len(rest) && !isTodo(rest[line], r.step) {
			line++
		}
		line++
		found = append(found, Mark{Step: r.step, Line: line})
	}
	return found
}
