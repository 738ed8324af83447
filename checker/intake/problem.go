package intake

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Problem is why there is no program to grade.
type Problem struct {
	Kind Kind
	Saw  string   // what was found in place of a program, in one line that is safe to print
	Try  string   // what to do about it
	List []string // what Saw is about, as it is: candidates, files; nil if there are none
	// Ours: whether there is a program could not be told. The verdict is error,
	// which costs nothing. Else it is the learner's to mend, and Kind is a
	// cause of package scenario.
	Ours bool
}

// Kind is a kind of Problem.
type Kind string

// Kinds that are the learner's to mend; all are causes of package scenario.
const (
	NotHandedIn Kind = "not-handed-in"     // only the roster knows the learner
	Empty       Kind = "empty"             // no file
	NotGo       Kind = "not-go"            // files, but no Go files
	NoProgram   Kind = "no-program"        // Go files, but no package main for this exercise
	TooLarge    Kind = "too-large"         // more than the Limits
	Hostile     Kind = "hostile-packaging" // names that lead out of the archive, or contradict each other
)

// Kinds that are Ours.
const (
	Several    Kind = "several-programs" // more than one fits
	Damaged    Kind = "damaged"          // an archive that breaks off or makes no sense
	Unreadable Kind = "unreadable"       // a kind of archive that is not known, no permission, no time
)

func (p *Problem) String() string { return p.Saw + ": " + p.Try }

const (
	maxShown = 60 // characters of a name that are shown
	maxNames = 8  // names that are listed
)

// show makes a name safe to print, on one line.
func show(name string) string {
	plain := utf8.ValidString(name)
	for _, r := range name {
		plain = plain && unicode.IsPrint(r)
	}
	if utf8.RuneCountInString(name) > maxShown {
		runes := []rune(name)
		name = string(runes[:maxShown/2]) + "..." + string(runes[len(runes)-maxShown/2+3:])
	}
	if !plain {
		return strconv.Quote(name)
	}
	return name
}

// showAll lists names.
func showAll(names []string) string {
	var shown []string
	for _, name := range names[:min(len(names), maxNames)] {
		shown = append(shown, show(name))
	}
	s := strings.Join(shown, ", ")
	if more := len(names) - maxNames; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}
