package skeleton_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"pidone/checker/skeleton"
)

func TestTodo(t *testing.T) {
	source := []byte("package main\n// TODO step 12: a\n\t//TODO step 1: b\nx() // TODO step 2\n// TODO step 1: again\n// not a todo step 3\n# no Go\n")
	for step, line := range map[int]int{12: 2, 1: 3, 2: 4, 3: 0, 0: 0, -1: 0} {
		assert.Equal(t, line, skeleton.Todo(source, step), "step %d", step)
	}
	assert.Zero(t, skeleton.Todo(nil, 1))
}

func TestUnchanged(t *testing.T) {
	const start = "package main\n\nfunc main() {\n\t// TODO step 1: x\n\tprintln(1, `a`)\n}\n"
	tests := []struct {
		name, source string
		want         bool
	}{
		{"the same", start, true},
		{"without the TODO", strings.Replace(start, "\t// TODO step 1: x\n", "", 1), true},
		{"with a comment more", start + "// done\n", true},
		{"other white space", strings.ReplaceAll(strings.ReplaceAll(start, "\t", "  "), "\n", "\r\n"), true},
		{"semicolons", strings.Replace(start, "`a`)\n", "`a`);\n", 1), true},
		{"no last newline", strings.TrimSpace(start), true},
		{"another number", strings.Replace(start, "1,", "2,", 1), false},
		{"another name", strings.Replace(start, "println", "print", 1), false},
		{"a call more", strings.Replace(start, "}", "\tprintln()\n}", 1), false},
		{"another string", strings.Replace(start, "`a`", "`b`", 1), false},
		{"less", "package main\n", false},
		{"nothing", "", false},
		{"no Go", "\x00 § \"", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, test.want, skeleton.Unchanged([]byte(test.source), []byte(start)))
			assert.Equal(t, test.want, skeleton.Unchanged([]byte(start), []byte(test.source)))
		})
	}
}

func FuzzUnchanged(f *testing.F) {
	f.Add([]byte("package main\nvar a = `x`;\n"), []byte("package main // y\n"))
	f.Add([]byte("/*"), []byte("\"\x00"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		assert.True(t, skeleton.Unchanged(a, a))
		assert.Equal(t, skeleton.Unchanged(a, b), skeleton.Unchanged(b, a))
	})
}
