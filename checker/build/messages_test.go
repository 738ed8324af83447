package build

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func fakeSource() (*Source, *Job) {
	src := &Source{
		Module:  Module{"example.com/box", "1.26"},
		Files:   []File{{"main.go", nil}, {"ns/ns.go", nil}, {"odd:1.go", nil}, {"odd", nil}},
		Modules: []string{"/home/ann/go/pkg/mod/golang.org/x/sys@v0.49.0"},
		Imports: []string{"fmt", "golang.org/x/sys/unix"},
	}
	job := &Job{Tools: &Toolchain{Root: "/usr/local/go", ModCache: "/home/ann/go/pkg/mod"}, Limits: Limits{}.withDefaults()}
	return src, job
}

func TestParseOutput(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []Message
		compiled []string
		other    []string
	}{
		{name: "compile errors", in: `errors
example.com/box/ns
# example.com/box/ns
ns/ns.go:3:5: undefined: y
ns/ns.go:4:2: not enough arguments in call to f
	have ()
	want (int)
example.com/box
# example.com/box
./main.go:14:2: declared and not used: z
./main.go:15: something old
./main.go:20:1: too many errors
`, want: []Message{
			{"ns/ns.go", 3, 5, "undefined: y"},
			{"ns/ns.go", 4, 2, "not enough arguments in call to f\n\thave ()\n\twant (int)"},
			{"main.go", 14, 2, "declared and not used: z"},
			{"main.go", 15, 0, "something old"},
			{"", 0, 0, "too many errors: the compiler stopped here"},
		}, compiled: []string{"errors", "example.com/box/ns", "example.com/box"}},
		{name: "bare too many errors", in: "# example.com/box\ntoo many errors\n",
			want: []Message{{"", 0, 0, "too many errors: the compiler stopped here"}}},
		{name: "another file of the folder", in: "# example.com/box\n./main.go:3:5: x redeclared in this block\n\t./main_x.go:4:6: other declaration of x\n",
			want: []Message{{"main.go", 3, 5, "x redeclared in this block\n\tmain_x.go:4:6: other declaration of x"}}},
		{name: "absolute path", in: "# example.com/box\n/src/main.go:3:5: x redeclared in this block\n\t/src/ns/ns.go:4:6: other declaration of x\n",
			want: []Message{{"main.go", 3, 5, "x redeclared in this block\n\tns/ns.go:4:6: other declaration of x"}}},
		{name: "linker", in: "# example.com/box\nruntime.main_main·f: function main is undeclared in the main package\n",
			want: []Message{{"", 0, 0, "function main is undeclared in the main package"}}},
		{name: "linker without a sentence of ours", in: "# example.com/box\nmain.f: relocation target main.g not defined\n",
			want: []Message{{"", 0, 0, "main.f: relocation target main.g not defined"}}},
		{name: "import cycle", in: "package example.com/box\n\timports example.com/box/a\n\timports example.com/box: import cycle not allowed\n",
			want: []Message{{"", 0, 0, "package example.com/box\n\timports example.com/box/a\n\timports example.com/box: import cycle not allowed"}}},
		{name: "load error", in: "main.go:9:12: pattern x: no matching files found\n", want: []Message{{"main.go", 9, 12, "pattern x: no matching files found"}}},
		{name: "module path", in: "main.go:4:2: build constraints exclude all Go files in /home/ann/go/pkg/mod/golang.org/x/sys@v0.49.0/plan9\n",
			want: []Message{{"main.go", 4, 2, "build constraints exclude all Go files in golang.org/x/sys/plan9"}}},
		{name: "crash", in: "# example.com/box\n./main.go:3:5: internal compiler error: boom\n\ngoroutine 1 [running]:\nmain.f()\n\t/usr/x.go:1\n# example.com/box/ns\nns/ns.go:1:1: x\n",
			want: []Message{{"main.go", 3, 5, "internal compiler error: boom"}, {"ns/ns.go", 1, 1, "x"}}},
		{name: "names with colons", in: "# example.com/box\n./odd:1.go:3:5: a\n./odd:1:2: b\n", want: []Message{{"odd:1.go", 3, 5, "a"}, {"odd", 1, 2, "b"}}},
		{name: "another's file", in: "# example.com/box\n/etc/passwd:3:5: root\n", want: []Message{{"", 0, 0, "/etc/passwd:3:5: root"}}},
		{name: "another's package", in: "# golang.org/x/sys/unix\n../x.go:3:5: boom\n", other: []string{"../x.go:3:5: boom"}},
		{name: "the go command's own trouble", in: "go: cannot find GOROOT directory: /usr/local/go\n", other: []string{"go: cannot find GOROOT directory: $GOROOT"}},
		{name: "the machine's trouble", in: "# example.com/box\nwriting output: no space left on device\ncompile: signal: killed\n",
			other: []string{"writing output: no space left on device", "compile: signal: killed"}},
		{name: "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src, job := fakeSource()
			got := parseOutput([]byte(tt.in), src, job, "/src")
			assert.Equal(t, tt.want, got.messages)
			assert.Equal(t, tt.compiled, got.compiled)
			assert.Equal(t, tt.other, got.other)
			assert.False(t, got.outOfMemory)
		})
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	compiled := func(out string) *JobResult { return &JobResult{Source: "/src", Code: 1, Messages: []byte(out)} }
	tests := []struct {
		name string
		res  *JobResult
		want string // the messages, or the error
		err  bool
	}{
		{"time", &JobResult{Code: -1, TimedOut: true}, "compiling took more than 1m0s and was stopped", false},
		{"memory", &JobResult{Code: -1, OutOfMemory: true}, "compiling took more than 1536 MiB of memory and was stopped", false},
		{"memory, as the runtime says it", compiled("# example.com/box\nfatal error: runtime: out of memory\n\nruntime stack:\n"), "compiling took more than 1536 MiB of memory", false},
		{"disk of the sandbox", &JobResult{Code: 1, DiskFull: true}, "compiling took more disk space than there is for it", false},
		{"large program", &JobResult{Code: 0, ProgramSize: 65 << 20}, "the program is larger than 64 MiB", false},
		{"no program", &JobResult{Code: 0}, "go build made no program: it said nothing", true},
		{"unexplained", compiled("go: what?\n"), "go build: exit status 1: go: what?", true},
		{"silent", compiled(""), "exit status 1: it said nothing", true},
		{"full disk of the machine", compiled("# example.com/box\nx: no space left on device\n"), "x: no space left on device", true},
		{"source", compiled("# example.com/box\n./main.go:1:2: no\n"), "main.go:1:2: no", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			src, job := fakeSource()
			got, err := judge(Request{Dir: "DIR"}, src, job, tt.res)
			if tt.err {
				assert.ErrorContains(t, err, tt.want)
				assert.Nil(t, got)
				return
			}
			require.NoError(t, err)
			assert.False(t, got.OK)
			assert.Contains(t, joined(got.Errors), tt.want)
		})
	}
}

func TestCapMessages(t *testing.T) {
	t.Parallel()
	many := make([]Message, maxMessages+7)
	many[0].Text = strings.Repeat("ü", maxText)
	many[1].Text = "a\xffb"
	got := capMessages(many)
	require.Len(t, got, maxMessages+1)
	assert.Equal(t, "and 7 more", got[maxMessages].Text)
	assert.Less(t, len(got[0].Text), maxText+20)
	assert.True(t, strings.HasSuffix(got[0].Text, "üü ... (cut)"))
	assert.Equal(t, "a\uFFFDb", got[1].Text)
	assert.Len(t, capMessages(make([]Message, maxMessages)), maxMessages)
}

func TestColdPackages(t *testing.T) {
	t.Parallel()
	src, _ := fakeSource()
	assert.Nil(t, coldPackages(nil, src))
	assert.Nil(t, coldPackages([]string{"example.com/box", "example.com/box/ns"}, src))
	assert.Equal(t, src.Imports, coldPackages([]string{"example.com/box", "internal/abi"}, src))
}

// FuzzParseOutput: whatever the compiler is made to say, messages name no file
// but the submission's, and what is kept of them stays small.
func FuzzParseOutput(f *testing.F) {
	f.Add([]byte("# example.com/box\n./main.go:14:2: declared and not used: z\n\tmore\n"), 1)
	f.Add([]byte("main.go:-1:+2: x\n/etc/passwd:1:1: x\nodd:1.go:1: \n"), 1)
	f.Add([]byte("# example.com/box\npanic: x\ngoroutine 1\n# b\n\t\n: :"), 2)
	f.Fuzz(func(t *testing.T, out []byte, code int) {
		src, job := fakeSource()
		own := src.names()
		got, err := judge(Request{Dir: "DIR"}, src, job, &JobResult{Source: "/src", Code: code, Messages: out})
		if err != nil {
			return
		}
		if got.OK || len(got.Errors) == 0 {
			t.Fatalf("no program, and %+v", got)
		}
		size := 0
		for _, m := range got.Errors {
			size += len(m.Text)
			if m.File != "" && !own[m.File] || m.Line < 0 || m.Col < 0 || m.File == "" && m.Line != 0 || !utf8.ValidString(m.Text) || m.Text == "" {
				t.Fatalf("%+v", m)
			}
		}
		if size > (maxMessages+1)*(maxText+20) {
			t.Fatalf("%d bytes of messages", size)
		}
	})
}
