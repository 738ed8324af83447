package export

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"pidone/checker/grade"
)

// tapParser prints what Perl's TAP::Parser, which is what prove is made of,
// understands of the files that it is given. It knows version 13, of which 14 is an
// extension that it reads but for its first line.
const tapParser = `
use TAP::Parser;
binmode STDOUT, ":utf8";
for my $file (@ARGV) {
	open my $in, "<:encoding(UTF-8)", $file or die;
	my $text = join "", <$in>;
	$text =~ s/^TAP version 14\n/TAP version 13\n/ or die "no version 14";
	my $p = TAP::Parser->new({tap => $text});
	my @marks;
	while (my $r = $p->next) {
		push @marks, $r->is_bailout ? "bail" : $r->has_skip ? "skip" : $r->has_todo ? "todo" : $r->is_ok ? "ok" : "not" if $r->is_test || $r->is_bailout;
		push @marks, "unknown:" . $r->as_string if $r->is_unknown;
	}
	print join(" ", $p->tests_planned // "none", @marks, map { "error:$_" } $p->parse_errors), "\n";
}`

// perl returns what TAP::Parser says of files, a line each.
func perl(t *testing.T, files []string) []string {
	t.Helper()
	path, err := exec.LookPath("perl")
	if err == nil {
		err = exec.Command(path, "-MTAP::Parser", "-e", "1").Run()
	}
	if err != nil {
		t.Skip("perl's TAP::Parser is missing")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, path, append([]string{"-e", tapParser}, files...)...).CombinedOutput()
	require.NoError(t, err, string(out))
	return strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
}

func tapFiles(dir string, records []*grade.Record) []string {
	var files []string
	for _, r := range records {
		files = append(files, filepath.Join(dir, "tap", grade.FileName(r.Entry.Name)+".tap"))
	}
	return files
}

// diagnostics fails unless each YAML block of a TAP file is YAML, and returns them.
func diagnostics(t testing.TB, text string) []map[string]any {
	t.Helper()
	plain(t, text)
	require.True(t, strings.HasPrefix(text, "TAP version 14\n"))
	var all []map[string]any
	var block strings.Builder
	inside := false
	for line := range strings.SplitSeq(strings.TrimSuffix(text, "\n"), "\n") {
		switch {
		case line == "  ---":
			inside = true
			block.Reset()
		case line == "  ...":
			inside = false
			var v map[string]any
			require.NoError(t, yaml.Unmarshal([]byte(block.String()), &v), block.String())
			all = append(all, v)
		case inside:
			block.WriteString(line + "\n")
		default:
			require.Regexp(t, `^(TAP version 14|1\.\.\d+|# .*|(not )?ok \d+ - .*|Bail out! .*)$`, line)
		}
	}
	require.False(t, inside)
	return all
}

func TestTAP(t *testing.T) {
	records := realRecords(t)
	dir := write(t, someClass(), records)
	got := perl(t, tapFiles(dir, records))
	require.Len(t, got, len(records))
	for i, r := range records {
		want := []string{"4"}
		if len(r.Entry.Steps) == 0 {
			want = []string{"none", "bail", "error:No plan found in TAP output"}
		}
		failed := 0
		for _, s := range r.Entry.Steps {
			word := map[grade.Verdict]string{grade.Pass: "ok", grade.Skip: "skip"}[s.Verdict]
			if word == "" {
				word = "not"
				failed++
			}
			want = append(want, word)
		}
		assert.Equal(t, strings.Join(want, " "), got[i], r.Entry.Name)
		assert.Len(t, diagnostics(t, read(t, dir, "tap", r.Entry.Name+".tap")), failed)
	}
	block := diagnostics(t, read(t, dir, "tap", "zz-waits.tap"))[0]
	assert.Equal(t, map[string]any{"verdict": "fail", "score": 0, "max_score": 30, "findings": []any{map[string]any{
		"check": "child in-new pid uts", "want": "the child in a PID namespace of its own",
		"saw": "the host's PID namespace: the child is pid 8, not 1", "at": "main.go:31",
		"why": "it was created by clone(CLONE_NEWUTS); CLONE_NEWPID is missing", "try": "add syscall.CLONE_NEWPID to Cloneflags",
		"hint": "make hint STEP=03.2", "page": "docs/03-namespace-isolation.md#step-2", "cause": "flag-missing-pid",
	}}}, block)
	block = diagnostics(t, read(t, dir, "tap", "zz-does-not-compile.tap"))[0]
	assert.Equal(t, []any{
		map[string]any{"line": "main.go:12:3: undefined: sycall"}, map[string]any{"line": "main.go:20: too many arguments"},
		map[string]any{"line": "      have (int)"}, map[string]any{"line": "      want ()"}, map[string]any{"line": "too many errors"},
	}, block["compiler"])
	assert.Equal(t, "no user namespaces", diagnostics(t, read(t, dir, "tap", "zz-error.tap"))[1]["reason"])
}

func hostileTAP(t *testing.T, dir string, records []*grade.Record) {
	for i, line := range perl(t, tapFiles(dir, records)) {
		require.Equal(t, "4 not not skip skip", line, "%.100q", records[i].Entry.Name)
	}
	for _, path := range tapFiles(dir, records) {
		require.Len(t, diagnostics(t, read(t, path)), 2)
	}
}

// A runner reads a log as GitHub's runner does: a line that begins, behind
// blanks, with :: is a command, one that has ##[ in it too, unless commands are
// stopped; the word that stopped them is the command that resumes them.
type runner struct {
	token    string
	commands []string
	text     []string // that is no command, or was none for it
}

func (r *runner) read(log string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(log, "\n"), "\n") {
		name, _ := command2(line)
		if name == "" {
			name, _ = command1(line)
		}
		switch {
		case r.token != "" && name == r.token:
			r.token = ""
		case r.token != "" || name == "":
			r.text = append(r.text, line)
		case name == "stop-commands":
			_, r.token, _ = strings.Cut(strings.TrimLeft(line, " ")[2:], "::")
		default:
			r.commands = append(r.commands, line)
		}
	}
}

// command2 reads "::name properties::data".
func command2(line string) (name, rest string) {
	line = strings.TrimLeft(line, " \t")
	if line, ok := strings.CutPrefix(line, "::"); ok {
		if head, data, ok := strings.Cut(line, "::"); ok {
			name, _, _ = strings.Cut(head, " ")
			return name, data
		}
	}
	return "", ""
}

// command1 reads "##[name properties]data", anywhere in a line.
func command1(line string) (name, rest string) {
	if _, line, ok := strings.Cut(line, "##["); ok {
		if head, data, ok := strings.Cut(line, "]"); ok {
			name, _, _ = strings.Cut(head, " ")
			return name, data
		}
	}
	return "", ""
}

func TestGitHub(t *testing.T) {
	records := realRecords(t)
	dir := write(t, someClass(), records)
	of := func(name string) (r runner) {
		text := read(t, dir, "github", name+".txt")
		plain(t, text)
		r.read(text)
		assert.Empty(t, r.token, "commands are resumed")
		return r
	}
	for _, r := range records {
		of(r.Entry.Name)
	}
	waits := of("zz-waits")
	assert.Equal(t, []string{
		"::error file=class/zz-waits/main.go,line=31,title=03.2 Add namespace isolation::want  the child in a PID namespace of its own%0A" +
			"saw   the host's PID namespace: the child is pid 8, not 1%0Aat    main.go:31%0A" +
			"why   it was created by clone(CLONE_NEWUTS); CLONE_NEWPID is missing%0Atry   add syscall.CLONE_NEWPID to Cloneflags%0A" +
			"hint  make hint STEP=03.2%0Apage  docs/03-namespace-isolation.md#step-2%0Aalso  2 more checks fail because of this",
		"::notice title=03-namespace-isolation::zz-waits: fail, 40/100 points",
	}, waits.commands)
	compile := of("zz-does-not-compile").commands
	require.Len(t, compile, 4)
	assert.Equal(t, "::error file=class/zz-does-not-compile/main.go,line=12,col=3,title=03.1 What the child sees::undefined: sycall", compile[0])
	broken := of("zz-error").commands
	require.Len(t, broken, 5)
	assert.True(t, strings.HasPrefix(broken[0], "::warning title=03.1 What the child sees::no user namespaces"))
	assert.Contains(t, strings.Join(of("solution").text, "\n"), "what the program printed:\n")

	// Ten of a kind are shown: the last one counts the others.
	build := grade.Build{}
	for range 25 {
		build.Errors = append(build.Errors, grade.Message{File: "main.go", Line: 1, Text: "bad"})
	}
	var b strings.Builder
	require.NoError(t, github(&b, someClass(), record("x", nil, build, grade.NotBuilt(someClass().Steps, flagMissing())...)))
	assert.Equal(t, 10, strings.Count(b.String(), "::error "))
	assert.Contains(t, b.String(), "::error title=more::16 more are not shown\n")
}

func hostileGitHub(t *testing.T, dir string, records []*grade.Record) {
	for _, rec := range records {
		text := read(t, dir, "github", grade.FileName(rec.Entry.Name)+".txt")
		plain(t, text)
		require.Less(t, len(text), 1<<20)
		var r runner
		r.read(text)
		require.Empty(t, r.token)
		for _, line := range r.commands {
			name, _ := command2(line)
			require.Contains(t, []string{"error", "warning", "notice"}, name, "%.200q", line)
			require.NotRegexp(t, `%(?:[^02]|2[^5C]|0[^A]|3[^AC])`, strings.ReplaceAll(line, "%3A", ""), "%.200q", line)
		}
		require.GreaterOrEqual(t, len(r.commands), 3)
	}
	// The runner of this test would see a command.
	var r runner
	r.read("x\n  ::error::y\nz ##[add-mask]q\n::stop-commands::T\n::error::no\n::T::\n::notice::yes")
	require.Equal(t, []string{"  ::error::y", "z ##[add-mask]q", "::notice::yes"}, r.commands)
}

// prove itself takes a file, where there is one that knows version 14.
func TestProve(t *testing.T) {
	path, err := exec.LookPath("prove")
	if err != nil {
		t.Skip("prove is missing")
	}
	file := filepath.Join(t.TempDir(), "x.tap")
	text := read(t, write(t, someClass(), realRecords(t)), "tap", "solution.tap")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(text, "version 14", "version 13", 1)), 0o600))
	out, err := exec.Command(path, "--exec", "cat", file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Contains(t, string(out), "Result: PASS")
}
