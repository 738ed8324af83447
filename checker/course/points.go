package course

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// MaxPoints is the most that one step may be worth.
const MaxPoints = 1000

// Points reads from a scenario, the content of a .txtar file, what its step is
// worth: the one line "points N" of its script, N from 1 to MaxPoints.
func Points(script []byte) (int, error) {
	points := 0
	for i, line := range strings.Split(string(script), "\n") {
		line = strings.TrimSuffix(line, "\r")
		if isFileMarker(line) {
			break
		}
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 || words[0] != "points" {
			continue
		}
		if points != 0 {
			return 0, fmt.Errorf("line %d: a second points line", i+1)
		}
		if len(words) != 2 {
			return 0, fmt.Errorf("line %d: want points and a number", i+1)
		}
		number, err := strconv.ParseUint(words[1], 10, 16)
		if err != nil || number < 1 || number > MaxPoints {
			return 0, fmt.Errorf("line %d: points %s: not a number from 1 to %d", i+1, words[1], MaxPoints)
		}
		points = int(number)
	}
	if points == 0 {
		return 0, errors.New("no points line")
	}
	return points, nil
}

// isFileMarker tells whether a line of a txtar archive begins a file, and so
// ends the script.
func isFileMarker(line string) bool {
	return strings.HasPrefix(line, "-- ") && strings.HasSuffix(line, " --") &&
		len(line) > len("--  --") && strings.TrimSpace(line[3:len(line)-3]) != ""
}
