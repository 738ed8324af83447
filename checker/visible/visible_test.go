package visible

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"plain, with ~ and blanks":  "plain, with ~ and blanks",
		"Zoë 漢字 😀":                  "Zoë 漢字 😀",
		"a\tb":                      "a    b",
		"a\nb\rc":                   `a\nb\rc`,
		"\x1b[31m\x07\x7f":          `\x1b[31m\x07\x7f`,
		"\u202egnp.exe\u2066":       `\u202egnp.exe\u2066`,
		"\xffa":                     `\xffa`,
		"\U000e0041":                `\U000e0041`,
		"e\u0301":                   "e\u0301",
		"\u0301x":                   `\u0301x`,
		"e\u0301\u0301\u0301\u0301": "e\u0301\u0301\u0301" + `\u0301`,
		"<b>&amp;":                  "<b>&amp;",
	} {
		assert.Equal(t, want, Text(in))
	}
	assert.Equal(t, `Zo\u00eb`, ASCII("Zoë"))
}

func TestCut(t *testing.T) {
	assert.Equal(t, "abc", Cut("abc", 3))
	assert.Equal(t, "ab...", Cut("abc", 2))
	assert.Equal(t, "a...", Cut("aë", 2), "no half of a character")
	assert.Equal(t, "\x80...", Cut("\x80\x80\x80\x80\x80\x80", 5), "what is no character at all")
}

func FuzzText(f *testing.F) {
	f.Add("\u202ea\xff\n")
	f.Add(strings.Repeat("\u0301", 9))
	f.Fuzz(func(t *testing.T, s string) {
		for _, out := range []string{Text(s), ASCII(s), Text(Cut(s, 7))} {
			if !utf8.ValidString(out) {
				t.Fatalf("%q", out)
			}
			for _, r := range out {
				if !Shows(r) || unicode.Is(unicode.Bidi_Control, r) {
					t.Fatalf("%U in %q", r, out)
				}
			}
		}
	})
}
