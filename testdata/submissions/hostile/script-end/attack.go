package main

import (
	"fmt"
	"os"
	"strings"
)

// Prints what ends a script, a comment, a CDATA section, a cell, a table or a
// fence where its output lands.
func attack(where string) {
	for _, s := range []string{
		"</script><script>document.title='pidone-evil'</script>", "--></style></textarea></title><img src=x onerror=alert('pidone-evil')>", "]]></failure></testcase>",
		"=cmd|' /C calc'!A0", "+1+cmd|' /C calc'!A0", "-2+3", "@SUM(1)", "\t=1+1", "\";DROP TABLE", "```", "~~~", "| evil | evil |", "[x](javascript:alert(1))", "<!--", "&lt;script&gt;", "{{7*7}}", "${7*7}", "\\u003c/script\\u003e",
	} {
		fmt.Println(s)
		fmt.Fprintln(os.Stderr, s)
	}
	fmt.Println(strings.Repeat("x", 1<<20))
}
