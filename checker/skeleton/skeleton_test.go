package skeleton_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/skeleton"
)

const root = "../.."

func TestGenerate(t *testing.T) {
	tests := []struct {
		name     string
		solution string
		done     int
		want     string
		marks    []skeleton.Mark
	}{
		{
			name: "a region becomes its TODO, and its imports go",
			solution: `package main

import (
	"fmt"
	"os"
	"syscall" // for step 1
)

func main() {
	// step 1 begin: do this,
	// then that.
	//
	// - and more
	_ = syscall.Getpid()
	// step 1 end
	fmt.Println(os.Args)
}
`,
			want: `package main

import (
	"fmt"
	"os"
)

func main() {
	// TODO step 1: do this,
	// then that.
	//
	// - and more
	fmt.Println(os.Args)
}
`,
			marks: []skeleton.Mark{{Step: 1, Line: 9}},
		},
		{
			name: "the else part takes the code's place",
			solution: `package main

func one() int {
	// step 2 begin: return two
	return 2
	// step 2 else
	// if true {
	// 	return 1 // not yet
	// }

	// return 0
	// step 2 end
}
`,
			want: `package main

func one() int {
	// TODO step 2: return two
	if true {
		return 1 // not yet
	}

	return 0
}
`,
			marks: []skeleton.Mark{{Step: 2, Line: 4}},
		},
		{
			name: "an empty line ends the text, and the comment below is the solution's",
			solution: `package main

func one() {
	// step 1 begin: the text

	// a comment of the solution
	println()
	// step 1 end
}
`,
			want: `package main

func one() {
	// TODO step 1: the text
}
`,
			marks: []skeleton.Mark{{Step: 1, Line: 4}},
		},
		{
			name: "several regions, a step twice, nothing in one",
			solution: `package main

// step 3 begin: first
var a = 1

// step 3 end

// step 1 begin: second
var b = 2

// step 1 end

// step 3 begin: third
// step 3 end
`,
			want: `package main

// TODO step 3: first

// TODO step 1: second

// TODO step 3: third
`,
			marks: []skeleton.Mark{{Step: 3, Line: 3}, {Step: 1, Line: 5}, {Step: 3, Line: 7}},
		},
		{
			name: "done steps keep their code and lose their markers",
			solution: `package main

import (
	"fmt"
	"os"
)

func main() {
	// step 1 begin: one
	fmt.Println(1)
	// step 1 else
	// println(0)
	// step 1 end

	// step 2 begin: two
	fmt.Println(os.Args)
	// step 2 end
}
`,
			done: 1,
			want: `package main

import (
	"fmt"
)

func main() {
	fmt.Println(1)

	// TODO step 2: two
}
`,
			marks: []skeleton.Mark{{Step: 2, Line: 10}},
		},
		{
			name: "only imports that the solution alone uses go",
			solution: `package main

import "fmt"

import (
	_ "embed"
	str "strings"

	"example.org/odd/name-go"
	"example.org/thing/v2"
)

import "os"

func main() {
	// step 1 begin: one
	fmt.Println(str.ToUpper(""), thing.Thing)
	// step 1 end
	os.Exit(named.Code)
}
`,
			want: `package main

import (
	_ "embed"

	"example.org/odd/name-go"
)

import "os"

func main() {
	// TODO step 1: one
	os.Exit(named.Code)
}
`,
			marks: []skeleton.Mark{{Step: 1, Line: 12}},
		},
		{
			name:     "a marker in a string is none",
			solution: "package main\n\nvar text = `\n// step 1 begin: x\n`\n",
			want:     "package main\n\nvar text = `\n// step 1 begin: x\n`\n",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, marks, err := skeleton.Partly("main.go", []byte(test.solution), test.done)
			require.NoError(t, err)
			assert.Equal(t, test.want, string(got))
			assert.Equal(t, test.marks, marks)
			for _, mark := range marks {
				line := strings.Split(string(got), "\n")[mark.Line-1]
				assert.Contains(t, line, fmt.Sprintf("// TODO step %d: ", mark.Step))
			}
		})
	}
}

func TestBadMarkers(t *testing.T) {
	const begin, end = "// step 1 begin: x\n", "// step 1 end\n"
	tests := []struct{ name, lines, want string }{
		{"end alone", end, "s/main.go:3: marker of step 1: end without begin"},
		{"else alone", "// step 1 else\n", "s/main.go:3: marker of step 1: else without begin"},
		{"begin alone", "\n" + begin, "s/main.go:4: marker of step 1: begin without end"},
		{"begin at the end of the file", strings.TrimSpace(begin), "s/main.go:3: marker of step 1: begin without end"},
		{"begin in a region", begin + "\n// step 2 begin: y\n", "s/main.go:5: marker of step 2: begins inside the region of line 3"},
		{"end of another step", begin + "// step 2 end\n", "s/main.go:4: marker of step 2: end inside the region of step 1"},
		{"two else", begin + "// step 1 else\n// step 1 else\n" + end, "s/main.go:5: marker of step 1: a second else"},
		{"no text", "// step 1 begin:\n" + end, `s/main.go:3: bad marker "// step 1 begin:"`},
		{"no colon", "// step 1 begin x\n" + end, `s/main.go:3: bad marker "// step 1 begin x"`},
		{"misspelt", begin + "var a = 1\n// step 1 ende\n", `s/main.go:5: bad marker "// step 1 ende"`},
		{"capital", begin + "// Step 1 end\n", `s/main.go:4: bad marker "// Step 1 end"`},
		{"no space", "//step 1 begin: x\n" + end, `s/main.go:3: bad marker "//step 1 begin: x"`},
		{"step 0", "// step 0 begin: x\n", `s/main.go:3: bad marker "// step 0 begin: x"`},
		{"behind code", begin + "var a = 1 // step 1 end\n", "s/main.go:4: marker has to stand alone on its line"},
		{"code in the else part", begin + "// step 1 else\n// var a = 1\nvar b = 1\n" + end, "s/main.go:6: else part of step 1: every line has to be a comment"},
		{"a line directive moves nothing", "//line other.go:50\n" + end, "s/main.go:4: marker of step 1: end without begin"},
		{"no Go", "func {\n", "s/main.go:3:6: "},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, _, err := skeleton.Generate("s/main.go", []byte("package main\n\n"+test.lines))
			assert.ErrorContains(t, err, test.want)
		})
	}

	t.Run("an else part that does not parse", func(t *testing.T) {
		_, _, err := skeleton.Generate("s/main.go", []byte("package main\n\n// step 1 begin: x\n// step 1 else\n// func {\n// step 1 end\n"))
		assert.ErrorContains(t, err, "skeleton of s/main.go")
	})
}

func FuzzGenerate(f *testing.F) {
	for _, name := range []string{"02-process-creation", "03-namespace-isolation"} {
		solution, err := os.ReadFile(filepath.Join(root, "solutions", name, "main.go"))
		require.NoError(f, err)
		f.Add(solution, 2)
	}
	f.Add([]byte("package p\n// step 1 begin: x\n// step 1 else\n// var a int\n// step 1 end"), 0)
	f.Add([]byte("package p\r\nimport (\"fmt\"; \"os\")\r\n// step 1 begin: x\r\nvar _ = fmt.Sprint\r\n// step 1 end\r\nvar _ = os.Exit\r\n"), 0)
	f.Fuzz(func(t *testing.T, solution []byte, done int) {
		content, marks, err := skeleton.Partly("main.go", solution, done)
		if err != nil {
			assert.ErrorContains(t, err, "main.go")
			return
		}
		lines := bytes.Split(content, []byte("\n"))
		for _, mark := range marks {
			require.LessOrEqual(t, mark.Line, len(lines))
			assert.Contains(t, string(lines[mark.Line-1]), fmt.Sprintf("TODO step %d", mark.Step))
			assert.Greater(t, mark.Step, done)
		}
		again, more, err := skeleton.Partly("main.go", content, done)
		if err == nil && len(more) == 0 {
			assert.True(t, skeleton.Unchanged(again, content), "a skeleton has no markers")
		}
	})
}
