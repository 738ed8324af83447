package main

import "fmt"

// Prints what changes the terminal, or the eyes, of who reads it: commands to
// the terminal, marks for right-to-left, bytes that are no UTF-8.
func attack(where string) {
	for _, s := range []string{
		"\x1b[2J\x1b[H", "\x1b]0;pidone-evil\a", "\x1b]52;c;cGlkb25lLWV2aWw=\a", "\x1b[8m", "\x1b[?1049h", "\x1b]8;;http://192.0.2.1\a click \x1b]8;;\a", "\x1bc",
		"\x1b[6n", "\x1bP$q\"p\x1b\\", "\x1b[21t", "\x9b2J", "\x0e", "\b\b\b\b", "\r✓ 03.1", "\u202eevil\u202c", "\u2066x\u2069", "\u200b", "\ufeff", "\x00", "\xff\xfe\xc0\x80\xed\xa0\x80", "\x7f",
		"\u0085", "\u2028", "\u2029", "e\u0301\u0301\u0301\u0301\u0301\u0301\u0301", "\U000e0041",
	} {
		fmt.Printf("evil %s%s evil\n", where, s)
	}
}
