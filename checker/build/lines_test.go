package build

import (
	"debug/elf"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The program prints the program counters of its own stack, innermost first,
// at the end of a chain: main -> inlined -> method -> exec.Cmd-like std call
// that calls back.
const stackProgram = `package main

import (
	"fmt"
	"runtime"
	"slices"

	"submission/deep"
)

type box struct{}

//go:noinline
func (box) run() {
	slices.SortFunc([]int{2, 1}, func(a, b int) int {
		pcs := make([]uintptr, 20)
		n := runtime.Callers(0, pcs)
		for i, pc := range pcs[:n] {
			fmt.Println(i, pc)
		}
		return a - b
	})
}

func inlined() { box{}.run() } // line 25

func main() {
	deep.Call(func() {
		inlined() // line 29
	})
}
`

func TestLineTable(t *testing.T) {
	t.Parallel()
	dir := folderOf(t, "main.go", stackProgram, "deep/deep.go", "package deep\n\n//go:noinline\nfunc Call(f func()) {\n\tf()\n}\n")
	res := built(t, request(t, dir))
	var stack []uint64
	for line := range strings.Lines(runProgram(t, res.Program)) {
		_, pc, _ := strings.Cut(strings.TrimSpace(line), " ")
		v, err := strconv.ParseUint(pc, 10, 64)
		require.NoError(t, err)
		stack = append(stack, v)
	}
	var lines []string
	for _, pc := range stack {
		if line := res.Lines.Line(pc - 1); line != "" && (len(lines) == 0 || lines[len(lines)-1] != line) {
			lines = append(lines, line)
		}
	}
	// runtime.Callers makes up a counter for each inlined frame; the kernel's
	// stack has one for both, so either line of an inlined call is right.
	got := strings.Join(lines, " ")
	assert.Regexp(t, regexp.MustCompile(`^main\.go:17 .*main\.go:15 .*main\.go:(25|29) .*deep/deep\.go:5 main\.go:28`), got)
	assert.Equal(t, "main.go:17", res.Lines.At(stack))
	assert.Equal(t, "", res.Lines.At(nil))
	assert.Equal(t, "", res.Lines.At([]uint64{0, 1, 1 << 60}))
	var none *LineTable
	assert.Equal(t, "", none.At(stack))
}

// Every counter of a function of the submission's has a line of the
// submission's, also where code of others was inlined into it.
func TestLineTableInlinedStd(t *testing.T) {
	t.Parallel()
	main := `package main

import (
	"fmt"
	"os/exec"
	"syscall"
)

func main() {
	fmt.Print()
	_ = syscall.Sethostname([]byte("box")) // line 11
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUTS} // line 13
	fmt.Println(len(cmd.Args)) // line 14
}
`
	res := built(t, request(t, folderOf(t, "main.go", main)))
	res.Lines.Line(0)
	fn := res.Lines.table.LookupFunc("main.main")
	require.NotNil(t, fn)
	std, seen := 0, map[string]bool{}
	for pc := fn.Entry; pc < fn.End; pc++ {
		file, _, _ := res.Lines.table.PCToLine(pc)
		if strings.HasSuffix(file, "fmt/print.go") {
			std++
		}
		line := res.Lines.Line(pc)
		if file != "" {
			require.NotEmpty(t, line, "%#x of %s", pc, file)
		}
		seen[line] = true
	}
	assert.NotZero(t, std, "nothing was inlined; the test needs another call")
	for _, n := range []int{11, 12, 13, 14} {
		assert.True(t, seen[fmt.Sprintf("main.go:%d", n)], "line %d of %v", n, seen)
	}
}

func TestLineTableOfNonsense(t *testing.T) {
	t.Parallel()
	own := map[string]bool{"main.go": true}
	for _, program := range [][]byte{nil, []byte(elf.ELFMAG), []byte("#!/bin/sh\n")} {
		assert.Equal(t, "", newLineTable(program, "/src", own).Line(0x400000))
	}
}
