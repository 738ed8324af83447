package intake

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"pidone/checker/pattern"
)

// exerciseNames tells from folder names which exercise a program is for.
type exerciseNames struct {
	id     string
	topic  string
	number int
	others []string // IDs
}

func namesOf(want Wanted) exerciseNames {
	number, topic, _ := strings.Cut(want.Exercise, "-")
	n, err := strconv.Atoi(number)
	if err != nil {
		n = -1
	}
	return exerciseNames{id: want.Exercise, topic: topic, number: n, others: want.Others}
}

// inKit tells whether a folder is where this kit has the exercise.
func (n exerciseNames) inKit(folder string) bool {
	return path.Base(folder) == n.id && path.Base(path.Dir(folder)) == "exercises"
}

// solution tells whether a folder is where this kit has its own solutions.
func (n exerciseNames) solution(folder string) bool {
	parent := path.Base(path.Dir(folder))
	base := path.Base(folder)
	return parent == "solutions" && (base == n.id || slices.Contains(n.others, base))
}

// otherID tells whether a folder lies in one of another exercise of this kit.
func (n exerciseNames) otherID(folder string) bool {
	elems := strings.Split(folder, "/")
	return slices.ContainsFunc(n.others, func(id string) bool { return slices.Contains(elems, id) })
}

var (
	numbered = pattern.Lazy(`^0*([0-9]{1,2})(?:$|[-_. ])`)
	counted  = pattern.Lazy(`(?i)^(?:step|exercise|ex|lab|part|task|chapter|lesson|unit|week|day)[-_. ]*0*([0-9]{1,2})(?:$|[^0-9])`)
)

// numberOf returns the number that the name of a folder tells, -1 if none.
func numberOf(elem string) int {
	for _, form := range []func(string) []string{numbered().FindStringSubmatch, counted().FindStringSubmatch} {
		if parts := form(elem); parts != nil {
			n, _ := strconv.Atoi(parts[1])
			return n
		}
	}
	return -1
}

// named tells whether a path names the exercise.
func (n exerciseNames) named(folder string) bool {
	for elem := range strings.SplitSeq(folder, "/") {
		if n.isTopic(elem) || n.number >= 0 && numberOf(elem) == n.number {
			return true
		}
	}
	return false
}

func (n exerciseNames) isTopic(elem string) bool {
	plain := func(s string) string {
		return strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(s))
	}
	return n.topic != "" && (plain(elem) == plain(n.topic) || plain(elem) == plain(n.id))
}

// other returns the number of another exercise that a path names, -1 if it
// names none.
func (n exerciseNames) other(folder string) int {
	if n.named(folder) {
		return -1
	}
	for elem := range strings.SplitSeq(folder, "/") {
		if number := numberOf(elem); number >= 0 {
			return number
		}
	}
	return -1
}

// withoutOthers takes out the programs of other exercises, where it is a row of
// them: one number alone, as in lab1, may count something else.
func (n exerciseNames) withoutOthers(programs []program) []program {
	seen := map[int]bool{}
	for _, p := range programs {
		seen[n.other(p.folder)] = true
	}
	if len(seen) < 2 {
		return programs
	}
	return keep(programs, func(folder string) bool { return n.other(folder) < 0 })
}
