package intake

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/build"
)

func TestChoose(t *testing.T) {
	t.Parallel()
	const box, mod = "package box\n", "module m\n"
	tests := []struct {
		name  string
		files []string
		want  string // "root package", or the problem's kind and what it says
	}{
		{"in the entry itself", []string{"main.go", hello}, ". ."},
		{"deeper", []string{"a/b/main.go", hello}, "a/b ."},
		{"one attempt", []string{"attempt1/main.go", hello}, "attempt1 ."},
		{"attempts", []string{"attempt1/main.go", hello, "attempt2/main.go", hello, "attempt1/x/x.go", box},
			"several-programs: several programs fit: attempt1, attempt2: leave one, or name its folder 03-namespace-isolation"},
		{"with a module", []string{"go.mod", mod, "cmd/app/main.go", hello, "internal/x/x.go", box}, ". cmd/app"},
		{"the next module counts", []string{"go.mod", mod, "a/go.mod", mod, "a/b/main.go", hello}, "a b"},
		{"a module that is a link", []string{"go.mod", "->/etc/passwd", "a/main.go", hello}, ". a"},
		{"a folder that no import path has", []string{"go.mod", mod, "Aufgabe 3/main.go", hello}, "Aufgabe 3 ."},
		{"helpers", []string{"main.go", hello, "cmd/helper/main.go", hello, "old/main.go", hello}, ". ."},
		{"two commands", []string{"go.mod", mod, "cmd/a/main.go", hello, "cmd/b/main.go", hello}, "several-programs: several programs fit: cmd/a, cmd/b: leave one"},
		{"folders that do not count", []string{"main.go", hello, ".old/main.go", hello, "_x/main.go", hello, "x/vendor/a/main.go", hello,
			"x/testdata/main.go", hello, "node_modules/main.go", hello, "__MACOSX/main.go", hello, "._main.go", "\x00\x05"}, ". ."},
		{"generators and other systems", []string{"app/main.go", hello, "gen.go", "//go:build ignore\n\n" + hello, "w/main_windows.go", hello, "m/main.go", "//go:build darwin\n\n" + hello}, "app ."},
		{"a clone of this kit", []string{"go.mod", mod, "checker/main.go", hello, "checker/bench/main.go", hello, "exercises/02-process-creation/main.go", hello,
			"exercises/03-namespace-isolation/main.go", hello, "solutions/02-process-creation/main.go", hello, "solutions/03-namespace-isolation/main.go", hello,
			"testdata/submissions/03-namespace-isolation/accept/x/main.go", hello}, ". exercises/03-namespace-isolation"},
		{"a clone of this kit in a folder, and more", []string{"pidone-main/go.mod", mod, "pidone-main/exercises/03-namespace-isolation/main.go", hello,
			"03/main.go", hello}, "pidone-main exercises/03-namespace-isolation"},
		{"a clone without the exercise", []string{"exercises/02-process-creation/main.go", hello, "solutions/03-namespace-isolation/main.go", hello},
			"no-program: programs of other exercises alone: exercises/02-process-creation, solutions/03-namespace-isolation: hand in the folder 03-namespace-isolation with main.go"},
		{"a workshop's steps", []string{"02-fork/main.go", hello, "03-namespaces/main.go", hello, "04-chroot/main.go", hello}, "03-namespaces ."},
		{"steps", []string{"step1/main.go", hello, "step2/main.go", hello, "step3/main.go", hello, "step13/main.go", hello}, "step3 ."},
		{"numbers", []string{"01/main.go", hello, "3/main.go", hello, "30/main.go", hello}, "3 ."},
		{"words and numbers", []string{"Exercise 02/main.go", hello, "Exercise 03/main.go", hello}, "Exercise 03 ."},
		{"the topic", []string{"namespace_isolation/main.go", hello, "process/main.go", hello}, "namespace_isolation ."},
		{"steps without ours", []string{"step1/main.go", hello, "step2/main.go", hello}, "no-program: programs of other exercises alone: step1, step2"},
		{"steps without ours, and a program", []string{"step1/main.go", hello, "step2/main.go", hello, "box/main.go", hello}, "box ."},
		{"a number that counts something else", []string{"lab1/main.go", hello}, "lab1 ."},
		{"the year is no step", []string{"2024-03/main.go", hello, "2024-04/main.go", hello}, "several-programs"},
		{"two that name it", []string{"step3/main.go", hello, "03/main.go", hello}, "several-programs: several programs fit: 03, step3"},
		{"attempts at it", []string{"attempt1/03-namespace-isolation/main.go", hello, "attempt2/03-namespace-isolation/main.go", hello}, "several-programs"},
		{"old versions in it", []string{"03-namespace-isolation/main.go", hello, "03-namespace-isolation/old/main.go", hello}, "03-namespace-isolation ."},
		{"another exercise", []string{"02-process-creation/main.go", hello}, "no-program: programs of other exercises alone: 02-process-creation"},
		{"it does not say which package", []string{"main.go", "func main() {}\n"}, ". ."},
		{"empty main.go", []string{"main.go", ""}, ". ."},
		{"scraps beside a program", []string{"a/main.go", hello, "b/scrap.go", "x"}, "a ."},
		{"main.go is a link", []string{"main.go", "->/etc/passwd"}, ". ."},
		{"no package main", []string{"box/box.go", box, "main_test.go", hello, "w_windows.go", hello},
			"no-program: Go files, but no program: main_test.go (a test), w_windows.go (not for linux), box/box.go (package box): hand in the folder whose main.go begins with package main"},
		{"not Go", []string{"main.py", "", "report.pdf", "", "x/main.c", ""}, "not-go: no Go file, only main.py, report.pdf, x/main.c: hand in the folder with main.go"},
		{"only what does not count", []string{".git/x.go", hello, "__MACOSX/y", ""}, "empty: no file that counts, only .git, __MACOSX: hand in the folder with main.go; names that begin"},
		{"in a folder that does not count", []string{"a/_lab/main.go", hello, "vendor/x/x.go", hello}, "empty: no file that counts, only a/_lab, vendor: hand in"},
		{"names with control characters", []string{"a\x1b[31m\n/main.go", hello, "b/main.go", hello}, `several-programs: several programs fit: "a\x1b[31m\n", b:`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var hashes []string
			for kind, e := range map[string]Entry{"folder": folderEntry(t, tt.files...), "zip": archived(t, "x.zip", zipOf(t, tt.files...))} {
				sub, problem, err := Open(t.Context(), e, wanted())
				require.NoError(t, err)
				if problem != nil {
					got := string(problem.Kind) + ": " + problem.String()
					if kind == "zip" {
						got = strings.ReplaceAll(strings.ReplaceAll(got, " in x.zip", ""), "no file in x.zip", "no file")
					}
					assert.Contains(t, got, tt.want, kind)
					assert.NotContains(t, got, "\n")
					assert.Equal(t, problem.Kind == Several, problem.Ours)
					continue
				}
				assert.Equal(t, tt.want, sub.Folder+" "+sub.Package, kind)
				hashes = append(hashes, sub.Hash)
				kindOf, err := sub.Tree.Kind(sub.Package)
				require.NoError(t, err)
				assert.Equal(t, build.KindFolder, kindOf)
			}
			if len(hashes) == 2 {
				assert.Equal(t, hashes[0], hashes[1])
			}
		})
	}
}

// This kit as it is here, with all of its programs.
func TestChooseInThisKit(t *testing.T) {
	t.Parallel()
	sub := opened(t, Entry{Name: "x", Path: "../.."})
	assert.Equal(t, "exercises/03-namespace-isolation", sub.Package)
	assert.Equal(t, ".", sub.Folder)
}

func TestEmptyFolder(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "no file: hand in the folder with main.go", problemOf(t, Entry{Path: t.TempDir()}, wanted()).String())
	assert.Equal(t, NotHandedIn, problemOf(t, Entry{Name: "x"}, wanted()).Kind)
}

// The hash is of what takes part, and of nothing else.
func TestHash(t *testing.T) {
	t.Parallel()
	base := []string{"go.mod", "module m\n", "main.go", hello, "x/x.go", "package x\n"}
	hash := func(more ...string) string {
		return opened(t, folderEntry(t, append(append([]string{}, base...), more...)...)).Hash
	}
	first := hash()
	assert.Regexp(t, "^[0-9a-f]{64}$", first)
	for _, same := range [][]string{{"notes.md", "x"}, {"main_test.go", hello}, {".git/x.go", hello}, {"rootfs/bin/sh", "x"}, {"empty/x", ""}} {
		assert.Equal(t, first, hash(same...), same[0])
	}
	for _, other := range [][]string{{"go.mod", "module n\n"}, {"main.go", hello + "\n"}, {"y.go", "package main\n"}, {"x/y.go", ""}, {"x.c", ""}, {"z.go", "->main.go"}} {
		assert.NotEqual(t, first, hash(other...), other[0])
	}

	const embeds = "package main\n\nimport _ \"embed\"\n\n//go:embed testdata/a.txt\nvar s string\n\nfunc main() { print(s) }\n"
	embed := func(files ...string) *Submission {
		return opened(t, folderEntry(t, append([]string{"main.go", embeds}, files...)...))
	}
	sub := embed("testdata/a.txt", "1", ".git/x", "", ".hidden/x", "2")
	data, err := sub.Tree.Read("testdata/a.txt", 10)
	require.NoError(t, err)
	assert.Equal(t, "1", string(data))
	_, err = sub.Tree.Kind(".git/x")
	assert.Error(t, err)
	assert.Equal(t, sub.Hash, embed("testdata/a.txt", "1", ".git/y", "", ".hidden/x", "2").Hash)
	assert.NotEqual(t, sub.Hash, embed("testdata/a.txt", "2", ".hidden/x", "2").Hash)
	zipped := opened(t, archived(t, "x.zip", zipOf(t, "main.go", embeds, "testdata/a.txt", "1", ".hidden/x", "2")))
	assert.Equal(t, sub.Hash, zipped.Hash)
}
