package scenario

import (
	"fmt"
	"strings"

	"pidone/checker/pattern"
)

// NotTaken is the finding for a submission that no program could be made of:
// cause is one of Causes, saw what was found in its place.
func NotTaken(script Script, cause, saw, try string) Finding {
	return Finding{
		Want: "a Go program for this exercise",
		Saw:  saw,
		Try:  try,
		Hint: script.Page, Cause: cause,
	}
}

// DoesNotCompile is the finding for a submission that does not compile. first
// is the first message of the build, at where it points to ("main.go:31"), and
// more tells whether there are others.
func DoesNotCompile(script Script, first, at string, more bool) Finding {
	return Finding{
		Want: "a program that compiles",
		Saw:  "it does not build: " + quoteTo(strings.Join(strings.FieldsFunc(first, func(r rune) bool { return r == '\n' || r == '\t' }), ", "), 3*maxQuote),
		Try:  mend(first, more),
		Hint: script.Page, Cause: "does-not-compile", At: at,
	}
}

var (
	undefined = pattern.Lazy(`(?m)\bundefined: (\w+)$`)
	idle      = pattern.Lazy(`(?m)\bdeclared and not used: (\w+)$`)
	unused    = pattern.Lazy(`(?m)("[\w./-]+") imported and not used`)
)

// mend is what to do about the first message of the build.
func mend(first string, more bool) string {
	if m := undefined().FindStringSubmatch(first); m != nil {
		if path := importPath(m[1]); path != "" {
			return fmt.Sprintf("add %q to the import list at the top of the file", path)
		}
	}
	if m := idle().FindStringSubmatch(first); m != nil && len(m[1]) < maxWord {
		return fmt.Sprintf("use %s, or take it out", m[1])
	}
	if m := unused().FindStringSubmatch(first); m != nil && len(m[1]) < maxWord {
		return fmt.Sprintf("take %s out of the import list, or use it", m[1])
	}
	if strings.Contains(first, "redeclared in this block") {
		return "keep one of the two; an old copy of a file belongs in another folder"
	}
	if strings.Contains(first, "several programs below it") {
		return "give the folder of the one that is meant"
	}
	if strings.Contains(first, "outside of the submission's folder") {
		return "give that folder"
	}
	if strings.Contains(first, "no Go files") {
		return "give the folder that holds main.go"
	}
	if strings.Contains(first, "not a regular file") {
		return "put the file itself in its place"
	}
	if !more {
		return "mend what the message names, then check again"
	}
	return "mend the first message first: later ones often follow from it"
}

// importPath returns the path of a package that exercises have a use for.
func importPath(name string) string {
	switch name {
	case "bufio", "bytes", "errors", "fmt", "io", "log", "os", "runtime", "strconv", "strings", "syscall", "time":
		return name
	case "exec", "signal":
		return "os/" + name
	case "filepath":
		return "path/filepath"
	case "unix":
		return "golang.org/x/sys/unix"
	}
	return ""
}

// Unchanged is the finding for a submission that is still the skeleton. at is
// its first open TODO ("exercises/03-namespace-isolation/main.go:31").
func Unchanged(script Script, at string) Finding {
	link, ask := script.hint()
	return Finding{
		Want: "the skeleton's TODO comments done",
		Saw:  "the skeleton as it was generated: nothing in it is changed",
		Try:  "open " + at + " and do what the comment says",
		Hint: link, Ask: ask, Cause: "skeleton-unchanged", At: at,
	}
}

// Lead puts a finding that was made without a run before those of a step: what
// they say follows from it.
func Lead(first Finding, rest []Finding) []Finding {
	for _, f := range rest {
		first.Follows += 1 + f.Follows
	}
	return []Finding{first}
}
