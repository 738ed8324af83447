package scenario

import (
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"pidone/checker/pattern"
)

// glue is how long a name must be to be recognised where it is joined to what
// stands beside it: with an underscore on either side, or with a letter right
// behind it. fmt.Print puts no space next to a string, so "host: ", name,
// "pid: " comes out as "host: containerpid: ", and name, 1 as "container1": the
// writer's own pid may be joined to it, too.
const glue = 6

// joints are the pids that may be joined to a name in a text, as digits.
type joints []string

// before tells whether one of them ends at an offset in text.
func (j joints) before(text string, at int) bool {
	start := at
	for start > 0 && isDigit(text[start-1]) {
		start--
	}
	return start < at && slices.Contains(j, text[start:at])
}

// behind tells whether one of them begins at an offset in text.
func (j joints) behind(text string, at int) bool {
	end := at
	for end < len(text) && isDigit(text[end]) {
		end++
	}
	return end > at && slices.Contains(j, text[at:end])
}

// findName returns where (ends, exclusive) a hostname stands in text as a word
// of its own: not as a part of a longer word of the letters that hostnames are
// made of. cuts are offsets in text at which one write ended and the next
// began; a word may end and begin there too.
func findName(text, name string, cuts map[int]bool) []int {
	return findNameFrom(text, name, cuts, nil, func(from int, _ joints) int {
		for from < len(text) && !cuts[from] && !nameStarts(text, from, true, nil) {
			from++
		}
		return from
	})
}

// findNameFrom does it where pids may be joined to the name, and next returns the
// first offset, from one on, at which a name may begin to which pids may be joined.
func findNameFrom(text, name string, cuts map[int]bool, pids joints, next func(from int, pids joints) int) []int {
	if name == "" {
		return nil
	}
	glued := len(name) >= glue
	if !isLetter(name[0]) || !isLetter(name[len(name)-1]) {
		pids = nil // which digits were the name's?
	}
	var ends []int
	for from := 0; from < len(text); {
		i := strings.Index(text[from:], name)
		if i < 0 {
			break
		}
		start := from + i
		end := start + len(name)
		if (cuts[start] || nameStarts(text, start, glued, pids)) && (cuts[end] || nameEnds(text, end, glued, pids)) {
			ends = append(ends, end)
			from = end
			continue
		}
		from = next(start+1, pids)
	}
	return ends
}

// spoken returns the forms in which a hostname of the evidence may stand in
// what was printed: there bytes that are not UTF-8 are themselves and not "\xff",
// and the terminal's escapes are gone.
func spoken(name string) []string {
	forms := []string{name}
	raw := rawBytes().ReplaceAllStringFunc(name, func(s string) string {
		b, err := strconv.ParseUint(s[2:], 16, 8)
		if err != nil {
			return s
		}
		return string([]byte{byte(b)})
	})
	if raw = escapes().ReplaceAllString(raw, ""); raw != name {
		forms = append(forms, raw)
	}
	return forms
}

// rawBytes are bytes as the evidence has those that are not UTF-8.
var rawBytes = pattern.Lazy(`\\x[89a-f][0-9a-f]`)

func nameStarts(text string, at int, glued bool, pids joints) bool {
	if at == 0 {
		return true
	}
	switch c := text[at-1]; c {
	case '.', '-':
		return !wordBefore(text, at-1)
	case '_':
		return glued
	default:
		return !letterBefore(text, at) && (!isDigit(c) || glued && pids.before(text, at))
	}
}

func nameEnds(text string, at int, glued bool, pids joints) bool {
	if at == len(text) {
		return true
	}
	switch c := text[at]; {
	case letterAt(text, at) || c == '_':
		return glued
	case c == '.' || c == '-':
		return !wordAt(text, at+1)
	default:
		return !isDigit(c) || glued && pids.behind(text, at)
	}
}

// clock matches what looks like a number but is a time, a date, or the build
// number in uname -a: a pid must not be found in them by chance.
var clock = pattern.Lazy(`\d{1,2}:\d\d:\d\d(\.\d+)?` +
	`|(?i:\d{1,2}:\d\d ?[ap]m\b)` +
	`|\d{4}[-/]\d{1,2}[-/]\d{1,2}` +
	`|\b\d{1,2}[-/]\d{1,2}[-/]\d{4}\b` +
	`|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) +\d{1,2}\b` +
	`|#\d+ SMP`)

// withoutClocks blanks out what clock matches. No match goes beyond a line, and
// looking at each is much faster than the expression is.
func withoutClocks(text string) string {
	var clean strings.Builder
	from := 0 // what is before is in clean
	for at, end := 0, 0; at < len(text); at = end {
		end = len(text)
		if i := strings.IndexByte(text[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		if !mayHaveClock(text[at:end]) {
			continue
		}
		clean.WriteString(text[from:at])
		clean.WriteString(clock().ReplaceAllStringFunc(text[at:end], blank))
		from = end
	}
	if from == 0 {
		return text
	}
	clean.WriteString(text[from:])
	return clean.String()
}

// mayHaveClock tells whether there is a digit behind which, or before which,
// stands what all that clock matches has there.
func mayHaveClock(line string) bool {
	for i := range len(line) {
		if !isDigit(line[i]) {
			continue
		}
		if i+1 < len(line) && strings.IndexByte(":-/", line[i+1]) >= 0 || i > 0 && strings.IndexByte(" #", line[i-1]) >= 0 && mayEndDate(line[:i]) {
			return true
		}
	}
	return false
}

// mayEndDate tells whether a number that comes next may be the day of a month,
// or the number of a build.
func mayEndDate(before string) bool {
	before = strings.TrimRight(before, " ")
	if len(before) == 0 {
		return false
	}
	const lastOfMonths = "nbrylgptvc" // Jan, Feb, Mar, ...
	last := before[len(before)-1]
	return last == '#' || len(before) >= 3 && strings.IndexByte(lastOfMonths, last) >= 0 && before[len(before)-3] >= 'A' && before[len(before)-3] <= 'S'
}

// A number is a whole number in a text, not a part of a longer one, nor of a
// fraction, nor with a minus sign.
type number struct {
	value int
	end   int // offset of its end in the text, exclusive
}

// findNumbers returns the numbers in text, in order. Numbers too long for a pid
// are left out, and those with leading zeros that may be a part of something.
func findNumbers(text string) []number {
	text = withoutClocks(text)
	var found []number
	for i := 0; i < len(text); {
		if !isDigit(text[i]) {
			i++
			continue
		}
		start := i
		if digits := hexDigits(text, i); digits > 0 {
			i += 2 + digits
			if digits == 1 && isDigit(text[i-1]) && text[i-1] != '0' {
				found = append(found, number{int(text[i-1] - '0'), i})
			}
			continue
		}
		for i < len(text) && isDigit(text[i]) {
			i++
		}
		if i-start > 10 || i-start > 1 && text[start] == '0' && !padded(text, start, i) || inFraction(text, start, i) || negative(text, start) {
			continue
		}
		if value, err := strconv.Atoi(text[start:i]); err == nil {
			found = append(found, number{value, i})
		}
	}
	return found
}

// hexDigits returns how many digits the hexadecimal number has that begins with 0x
// at an offset in text; 0: none begins there.
func hexDigits(text string, at int) int {
	if at > 0 && isLetter(text[at-1]) || !strings.HasPrefix(text[at:], "0x") {
		return 0
	}
	n := 0
	for i := at + 2; i < len(text) && strings.IndexByte("0123456789abcdefABCDEF", text[i]) >= 0; i++ {
		n++
	}
	return n
}

// traces are what the Go runtime tells of a program that it gives up, with numbers
// of its own: which index, which goroutine, which line.
var traces = pattern.Lazy(`(?m)^panic: runtime error: .*` +
	`|^goroutine \d+ .*\[.*\]:(?:\n(?:\S.*\(.*\)|\t\S+:\d+.*|created by .*))*`)

// withoutTraces blanks out what traces matches.
func withoutTraces(text string) string {
	if !strings.Contains(text, "\ngoroutine ") {
		return text
	}
	return traces().ReplaceAllStringFunc(text, blank)
}

// padded tells whether a number with leading zeros is one that was filled up to
// a width, as %06d does, and no part of a time, a date, a fraction, a version
// or a hexadecimal number.
func padded(text string, start, end int) bool {
	const parts = ":./-,"
	switch {
	case end-start < 3:
		return false
	case start > 0 && (letterBefore(text, start) || strings.IndexByte(parts, text[start-1]) >= 0):
		return false
	case end == len(text):
		return true
	}
	after := end+1 < len(text) && isDigit(text[end+1]) && strings.IndexByte(parts, text[end]) >= 0
	return !after && !letterAt(text, end)
}

func inFraction(text string, start, end int) bool {
	return start >= 2 && text[start-1] == '.' && isDigit(text[start-2]) ||
		end+1 < len(text) && text[end] == '.' && isDigit(text[end+1])
}

func negative(text string, start int) bool {
	return start >= 1 && text[start-1] == '-' &&
		(start == 1 || !isLetter(text[start-2]) && !isDigit(text[start-2]) && text[start-2] != '-')
}

// blank returns as many spaces as s has bytes.
func blank(s string) string { return strings.Repeat(" ", len(s)) }

// escapes are the terminal's: colours and the like, which are no part of a word.
var escapes = pattern.Lazy("\x1b(?:\\[[0-9;?]*[ -/]*[@-~]|\\][^\x07\x1b]*(?:\x07|\x1b\\\\)|[@-Z\\\\^_])")

// letterBefore and letterAt tell whether a letter stands right before an offset in
// text, or at it; wordBefore and wordAt whether a letter or a digit does.
func letterBefore(text string, at int) bool {
	return letter(utf8.DecodeLastRuneInString(text[:at]))
}

func letterAt(text string, at int) bool { return letter(utf8.DecodeRuneInString(text[at:])) }

func wordBefore(text string, at int) bool {
	return letterBefore(text, at) || at > 0 && isDigit(text[at-1])
}

func wordAt(text string, at int) bool {
	return letterAt(text, at) || at < len(text) && isDigit(text[at])
}

// letter tells whether a character, of that many bytes, goes on with a word beside
// it. What is no UTF-8 does; a quotation mark or a picture does not, nor does a
// letter of a script that has no space between its words, or between a foreign
// word and what is said of it.
func letter(r rune, size int) bool {
	switch {
	case r < utf8.RuneSelf:
		return isLetter(byte(r))
	case r == utf8.RuneError:
		return size == 1
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r)) &&
		!unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80 }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
