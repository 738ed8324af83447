// Package visible makes text of others safe to look at: what a submission
// wrote, named or was called shows as it is, and only so. It knows nothing of
// where the text lands; markup is escaped by who writes that.
package visible

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text makes every character of s one that can be seen and that moves the
// cursor to the right, or not at all: control characters, escape codes, marks
// that turn the direction of writing, invisible characters and bytes that are
// no UTF-8 become what a Go string would have for them. A tab becomes blanks.
func Text(s string) string { return text(s, false) }

// ASCII is Text for where only ASCII can be shown: all else is escaped too.
func ASCII(s string) string { return text(s, true) }

func text(s string, ascii bool) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	marks := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Me, r) {
			marks++
		} else {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r == '\t':
			b.WriteString("    ")
		case !Shows(r) || marks > maxMarks || marks > 0 && b.Len() == 0 || ascii && r > '~':
			b.WriteString(escaped(r))
		default:
			b.WriteRune(r)
		}
		i += size
	}
	return b.String()
}

// plain tells whether a text is of visible ASCII alone, as most is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// maxMarks is how many accents one letter may carry.
const maxMarks = 3

// Shows tells whether a character shows something of its own, or is a blank or
// an accent. A newline does not.
func Shows(r rune) bool { return unicode.IsPrint(r) && !blankLetter(r) }

func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r < utf8.RuneSelf:
		return fmt.Sprintf(`\x%02x`, r)
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// blankLetter tells whether a character counts as a letter, mark or symbol but
// shows nothing.
func blankLetter(r rune) bool {
	switch r {
	case 0x034f, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0, 0xfffc:
		return true
	}
	return 0x180b <= r && r <= 0x180f || 0xfe00 <= r && r < 0xfe0f || r >= 0xe0000
}

// Cut returns s if it has at most max bytes, else what fits of its front,
// whole characters, with "..." behind it. s need not be visible yet.
func Cut(s string, max int) string {
	if len(s) <= max {
		return s
	}
	end := max
	for end > max-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "..."
}
