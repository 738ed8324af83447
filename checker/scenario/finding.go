package scenario

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Finding is one check that failed.
type Finding struct {
	Check string `json:"check"` // the line of the scenario: "child pid 1"
	File  string `json:"file"`  // the scenario's file name, without folders; empty if no scenario was run
	Line  int    `json:"line"`  // its line there, from 1; 0 if no scenario was run

	Want string `json:"want"`
	Saw  string `json:"saw"`           // what the kernel showed
	Why  string `json:"why,omitempty"` // only where the evidence proves it
	Try  string `json:"try"`           // the next thing to do
	Hint string `json:"hint"`          // where the page helps: "docs/03-namespace-isolation.md#step-2-..."
	Ask  string `json:"ask,omitempty"` // the command that shows a hint: "make hint STEP=03.2"

	Cause string `json:"cause,omitempty"` // stable, one of Causes
	At    string `json:"at,omitempty"`    // line of the submission: "main.go:31"
	// Follows counts further checks of the same step that failed from the same
	// cause. They are no findings of their own.
	Follows int `json:"follows,omitempty"`
	// SameAs is the number of the earlier step that told the same cause
	// already; 0 if there is none. Package grade fills it in.
	SameAs int `json:"same_as,omitempty"`
}

// A failure is what a check returns when it does not hold.
type failure struct {
	want string
	because
}

// because says what was seen in place of what was wanted, and for which cause.
type because struct {
	cause, saw, why, try, at string
}

// with returns the same cause seen from another side.
func (b because) with(saw string, args ...any) because {
	b.saw = fmt.Sprintf(saw, args...)
	return b
}

// Widths of quoted text in messages, in characters.
const (
	maxQuote = 60
	maxWord  = 24
	// nearBlank is how far back from its end a cut quote may end at a blank.
	nearBlank = 16
)

// quote shows what a submission wrote: in quotes, escaped, on one line, cut.
func quote(s string) string { return quoteTo(strings.TrimSpace(s), maxQuote) }

// complaint quotes why a program gave up. What is wrong comes last there, behind what it
// was about: of a long one the middle is left out.
func complaint(s string) string {
	s = strings.TrimSpace(s)
	long := []rune(s)
	if len(long) <= 2*maxQuote {
		return quoteTo(s, 2*maxQuote)
	}
	end := string(long[len(long)-maxQuote:])
	if i := strings.IndexByte(end, ' '); i >= 0 && i < nearBlank {
		end = end[i+1:]
	}
	return quote(s) + quoteTo(end, maxQuote)
}

// word quotes a name, escaped and cut.
func word(s string) string { return quoteTo(s, maxWord) }

func quoteTo(s string, width int) string {
	cut := ""
	if utf8.RuneCountInString(s) > width {
		s, cut = string([]rune(s)[:width-3]), "..."
		if i := strings.LastIndexByte(s, ' '); i >= len(s)-nearBlank && i > 0 {
			s = s[:i]
		}
	}
	q := strconv.Quote(strings.ToValidUTF8(s, "\ufffd"))
	if max := 2 * width; len(q) > max { // nearly all of it needed escaping
		q, cut = q[:max]+`"`, "..."
	}
	return q + cut
}

// lastLine returns the last line of s that is not blank.
func lastLine(s string) string {
	s = strings.TrimSpace(s)
	return strings.TrimSpace(s[strings.LastIndexByte(s, '\n')+1:])
}

// list joins words as a sentence does: "a", "a and b", "a, b and c".
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

// few lists the first of some words as show shows each, and says how many more
// there are.
func few(words []string, show func(string) string) string {
	const most = 3
	var shown []string
	for _, w := range words[:min(most, len(words))] {
		shown = append(shown, show(w))
	}
	if len(words) > most {
		shown = append(shown, fmt.Sprintf("%d more", len(words)-most))
	}
	return list(shown)
}

func plain(s string) string { return s }

// errnoWords says an errno in words.
func errnoWords(errno string) string {
	words := map[string]string{
		"EACCES":       "permission denied",
		"EAGAIN":       "the limit of processes is reached",
		"EBUSY":        "in use",
		"EFAULT":       "bad address",
		"EINVAL":       "invalid argument",
		"EIO":          "input/output error",
		"ENAMETOOLONG": "name too long",
		"ENODEV":       "no such device",
		"ENOENT":       "no such file",
		"ENOEXEC":      "not a program",
		"ENOMEM":       "out of memory",
		"ENOSPC":       "too many namespaces",
		"ENOSYS":       "no such system call",
		"ENOTDIR":      "not a folder",
		"EPERM":        "not permitted",
		"EOPNOTSUPP":   "not supported",
		"ERANGE":       "number out of range",
		"EROFS":        "read-only file system",
		"ESRCH":        "no such process",
		"EUSERS":       "too many namespaces",
	}
	if w := words[errno]; w != "" {
		return w + " (" + errno + ")"
	}
	return errno
}
