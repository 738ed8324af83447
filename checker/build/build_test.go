package build

import (
	"bytes"
	"context"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// built compiles a submission that has to compile.
func built(t *testing.T, req Request) *Result {
	t.Helper()
	res, err := Build(context.Background(), req)
	require.NoError(t, err)
	require.Empty(t, res.Errors)
	require.True(t, res.OK)
	return res
}

// runProgram runs a program that one of these tests wrote, and returns what it says.
func runProgram(t *testing.T, program []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "program")
	// Another process writes it: a child that a test beside forks while this one has
	// the file open has it open, too, and then it cannot be executed (ETXTBSY).
	write := exec.Command("sh", "-c", `cat >"$0" && chmod 755 "$0"`, name)
	write.Stdin = bytes.NewReader(program)
	require.NoError(t, write.Run())
	out, err := exec.Command(name).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestBuildMakesAStaticProgram(t *testing.T) {
	t.Parallel()
	dir := folderOf(t,
		"go.mod", "module example.com/box\n\ngo 1.24\ntoolchain go1.99.0\n",
		"main.go", `package main

import (
	_ "embed"
	"fmt"

	"example.com/box/internal/ns"
	"golang.org/x/sys/unix"
)

//go:embed greeting.txt
var greeting string

func main() { fmt.Println(greeting, ns.Word, unix.CLONE_NEWPID) }
`,
		"greeting.txt", "hi",
		"internal/ns/ns.go", "package ns\n\nconst Word = \"there\"\n")
	res := built(t, request(t, dir))
	f, err := elf.NewFile(bytes.NewReader(res.Program))
	require.NoError(t, err)
	assert.Equal(t, elf.ET_EXEC, f.Type)
	for _, p := range f.Progs {
		assert.NotEqual(t, elf.PT_INTERP, p.Type, "a static program has no interpreter")
	}
	assert.Equal(t, "hi there 536870912\n", runProgram(t, res.Program))
}

// A learner's `go 1.20` keeps the meaning that it has there, even though the
// kit's golang.org/x/sys needs a newer Go.
func TestBuildKeepsTheLanguageVersion(t *testing.T) {
	t.Parallel()
	main := `package main

import (
	"fmt"

	"golang.org/x/sys/unix"
)

func main() {
	var fs []func()
	for i := 0; i < 3; i++ {
		fs = append(fs, func() { fmt.Print(i) })
	}
	for _, f := range fs {
		f()
	}
	_ = unix.CLONE_NEWUTS
}
`
	for version, want := range map[string]string{"go 1.20": "333", "go 1.22": "012", "go 1.99": "012"} {
		res := built(t, request(t, folderOf(t, "go.mod", "module m\n"+version+"\n", "main.go", main)))
		assert.Equal(t, want, runProgram(t, res.Program), version)
	}
}

func TestBuildErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		files []string
		want  []string
	}{
		{"several files", []string{"main.go", "package main\n\nfunc main() {\n\tx := 1\n\tundefined()\n}\n", "b.go", "package main\n\nvar s string = 1\n"},
			[]string{"b.go:3:16: cannot use 1 (untyped int constant) as string value in variable declaration", "main.go:4:2: declared and not used: x", "main.go:5:2: undefined: undefined"}},
		{"local package", []string{"main.go", "package main\n\nimport \"submission/a\"\n\nfunc main() { a.F(1) }\n", "a/a.go", "package a\n\nfunc F() { y() }\n"},
			[]string{"a/a.go:3:12: undefined: y"}},
		{"syntax", []string{"main.go", "package main\n\nfunc main() {\n"}, []string{"main.go:4:1: syntax error: unexpected EOF, expected }"}},
		{"unused import", []string{"main.go", "package main\n\nimport \"os\"\n\nfunc main() {}\n"}, []string{"main.go:3:8: \"os\" imported and not used"}},
		{"several lines", []string{"main.go", "package main\n\nfunc f(int) {}\n\nfunc main() { f() }\n"},
			[]string{"main.go:5:15: not enough arguments in call to f\n\thave ()\n\twant (int)"}},
		{"no main function", []string{"main.go", "package main\n"}, []string{"function main is undeclared in the main package"}},
		{"import cycle", []string{"main.go", "package main\n\nimport _ \"submission/a\"\n\nfunc main() {}\n", "a/a.go", "package a\n\nimport _ \"submission/b\"\n", "b/b.go", "package b\n\nimport _ \"submission/a\"\n"},
			[]string{"package submission\n\timports submission/a from main.go\n\timports submission/b from a.go\n\timports submission/a from b.go: import cycle not allowed"}},
		{"language version", []string{"go.mod", "module m\ngo 1.17\n", "main.go", "package main\n\nfunc f[T int]() {}\n\nfunc main() {}\n"},
			[]string{"main.go:3:8: type parameter requires go1.18 or later"}},
		{"embed of nothing", []string{"main.go", "package main\n\nimport _ \"embed\"\n\n//go:embed nothing\nvar s string\n\nfunc main() {}\n"},
			[]string{"main.go:5:12: pattern nothing: no matching files found"}},
		{"forged position", []string{"main.go", "package main\n\n//line /etc/passwd:1\nfunc main() { x() }\n"}, []string{"main.go:4:15: undefined: x"}},
		{"forged position in a line", []string{"main.go", "package main\n\nfunc main() { /*line /etc/passwd:1:1*/ x() }\n"}, []string{"main.go:3:40: undefined: x"}},
		{"constant that is too large", []string{"main.go", "package main\n\nfunc main() { const x = 1 << 100000 }\n"}, []string{"main.go:3:30: invalid operation: invalid shift count"}},
		{"array that is too large", []string{"main.go", "package main\n\nvar x [1 << 40]byte\n\nfunc main() { x[0] = 1 }\n"}, []string{"main.x: symbol too large"}},
		{"names that differ only in case", []string{"main.go", hello, "Main.go", "package main\n"}, []string{`case-insensitive file name collision: "Main.go" and "main.go"`}},
		{"missing body", []string{"main.go", "package main\n\nfunc f()\n\nfunc main() { f() }\n"}, []string{"main.go:3:6: missing function body"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			res, err := Build(context.Background(), request(t, folderOf(t, tt.files...)))
			require.NoError(t, err)
			require.False(t, res.OK)
			got := joined(res.Errors)
			for _, want := range tt.want {
				assert.Contains(t, got, want)
			}
			assert.Len(t, res.Errors, len(tt.want))
			assert.NotContains(t, got, os.TempDir())
			assert.NotContains(t, got, "passwd")
		})
	}
}

func TestBuildCapsAFlood(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	main := "package main\n\nimport (\n"
	for i := range 60 {
		p := fmt.Sprintf("p%d", i)
		main += fmt.Sprintf("\t_ \"submission/%s\"\n", p)
		write(t, dir, p+"/x.go", "package "+p+"\n\nfunc f() {"+strings.Repeat(" "+strings.Repeat("x", 200)+"()\n", 100)+"}\n")
	}
	write(t, dir, "main.go", main+")\n\nfunc main() {}\n")
	req := request(t, dir)
	req.Limits.Output = 16 << 10
	var seen *JobResult
	req.Exec = func(ctx context.Context, job *Job) (*JobResult, error) {
		var err error
		seen, err = Plain(ctx, job)
		return seen, err
	}
	res, err := Build(context.Background(), req)
	require.NoError(t, err)
	assert.Len(t, seen.Messages, 16<<10)
	assert.True(t, seen.Cut)
	require.Len(t, res.Errors, maxMessages+1)
	assert.Regexp(t, `^and \d+ more$`, res.Errors[maxMessages].Text)
}

// Compile bombs. The first takes minutes of generic instantiation, the second
// gigabytes for a constant.
func TestBuildStopsBombs(t *testing.T) {
	t.Parallel()
	slow := "package main\n\nfunc main() {}\n\ntype T0[A any] struct{ a, b A }\n"
	for i := 1; i < 40; i++ {
		slow += fmt.Sprintf("type T%d[A any] struct{ x T%d[[2]A]; y T%d[map[int]A] }\n", i, i-1, i-1)
	}
	slow += "var x T39[int]\n"
	big := "package main\n\nfunc main() { println(s30[len(s30)-1:]) }\n\nconst s0 = \"0123456789abcdef\"\n"
	for i := 1; i <= 30; i++ {
		big += fmt.Sprintf("const s%d = s%d + s%d\n", i, i-1, i-1)
	}
	for name, tt := range map[string]struct{ src, want string }{
		"time":   {slow, "compiling took more than 2s and was stopped"},
		"memory": {big, "compiling took more than 256 MiB of memory and was stopped"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := request(t, folderOf(t, "main.go", tt.src))
			req.Limits = Limits{Memory: 256 << 20}
			if name == "time" {
				req.Limits = Limits{Time: 2 * time.Second}
			}
			res, err := Build(context.Background(), req)
			require.NoError(t, err)
			assert.Equal(t, tt.want, joined(res.Errors))
		})
	}
}

func TestBuildRefusesALargeProgram(t *testing.T) {
	t.Parallel()
	req := request(t, folderOf(t, "main.go", hello))
	req.Limits.Program = 1 << 20
	res, err := Build(context.Background(), req)
	require.NoError(t, err)
	assert.Equal(t, "the program is larger than 1 MiB", joined(res.Errors))
}

// Nothing of the caller's environment reaches the compiler, nor of a
// submission's own configuration.
func TestBuildIgnoresTheEnvironment(t *testing.T) {
	evil := filepath.Join(t.TempDir(), "ran")
	tool := filepath.Join(t.TempDir(), "tool")
	require.NoError(t, os.WriteFile(tool, []byte("#!/bin/sh\ntouch "+evil+"\nexit 1\n"), 0o755))
	req := request(t, folderOf(t, "main.go", hello, "go.env", "GOFLAGS=-toolexec="+tool+"\n",
		"go.work", "go 1.99\nuse /etc\n", ".git/config", "[core]\n\tfsmonitor = "+tool+"\n", "vendor/modules.txt", "nonsense"))
	for k, v := range map[string]string{
		"GOFLAGS": "-toolexec=" + tool, "GOENV": filepath.Join(req.Dir, "go.env"), "GOTOOLCHAIN": "go1.99.0", "GOWORK": "/nonexistent",
		"CGO_ENABLED": "1", "CC": tool, "GOEXPERIMENT": "nonsense", "GODEBUG": "nonsense=1", "GOOS": "plan9", "GO111MODULE": "off", "GOROOT": "/nonexistent",
	} {
		t.Setenv(k, v)
	}
	assert.Equal(t, "hello\n", runProgram(t, built(t, req).Program))
	assert.NoFileExists(t, evil)
}

func TestPlainLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	req := request(t, folderOf(t, "main.go", hello))
	bad := request(t, folderOf(t, "main.go", "package main\n\nfunc main() { x() }\n"))
	t.Setenv("TMPDIR", temp)
	built(t, req)
	_, err := Build(context.Background(), bad)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Build(ctx, req)
	assert.ErrorIs(t, err, context.Canceled)
	left, err := os.ReadDir(temp)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// Warm adds to the build cache what submissions need of Go's own library.
// Nothing else does: what one submission builds goes with its sandbox, and the
// next finds what was there before.
func TestWarm(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	own := "package main\n\nimport (\n\t_ \"container/list\"\n\n\t\"submission/a\"\n)\n\nfunc main() { print(a.Word) }\n"
	req := sandboxed(t, folderOf(t, "main.go", own, "a/a.go", "package a\n\nconst Word = \"hi\"\n"))
	cold := *req.Tools
	cold.Cache = filepath.Join(t.TempDir(), "cache")
	req.Tools = &cold
	require.NoError(t, Warm(ctx, req, nil))
	assert.NoDirExists(t, cold.Cache)
	require.NoError(t, Warm(ctx, req, []string{"errors"}))
	before := inTree(t, cold.Cache)
	require.NotEmpty(t, before)
	for range 2 {
		res := built(t, req)
		assert.Equal(t, "hi", runProgram(t, res.Program))
		assert.Equal(t, []string{"container/list"}, res.Cold)
	}
	assert.Equal(t, before, inTree(t, cold.Cache))
	require.NoError(t, Warm(ctx, req, []string{"container/list"}))
	assert.Empty(t, built(t, req).Cold)
	assert.EqualError(t, Warm(ctx, req, []string{"no/such"}), "warm the build cache: no/such cannot be compiled")

	cut, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	cold.Cache = filepath.Join(t.TempDir(), "another")
	assert.ErrorIs(t, Warm(cut, req, []string{"net/http"}), context.DeadlineExceeded, "and not a compiler's failure")
}
