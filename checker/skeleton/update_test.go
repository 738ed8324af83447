package skeleton_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/skeleton"
)

const (
	solutionFile = "solutions/03-topic/main.go"
	exerciseFile = "exercises/03-topic/main.go"
	solutionOne  = "package main\n\n// step 1 begin: one\n// step 1 end\n"
	skeletonOne  = "package main\n\n// TODO step 1: one\n"
	solutionTwo  = "package main\n\n// step 1 begin: two\n// step 1 end\n"
	skeletonTwo  = "package main\n\n// TODO step 1: two\n"
)

// A kit is a folder with files, whose contents a test names by their paths.
type kit struct {
	*testing.T
	root string
}

func newKit(t *testing.T, files map[string]string) kit {
	k := kit{t, t.TempDir()}
	for name, content := range files {
		k.write(name, content)
	}
	return k
}

// updated is a kit whose skeleton is that of solutionOne.
func updated(t *testing.T) kit {
	k := newKit(t, map[string]string{solutionFile: solutionOne})
	require.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Written}}, k.update())
	return k
}

func (k kit) write(name, content string) {
	k.Helper()
	file := filepath.Join(k.root, name)
	require.NoError(k, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(k, os.WriteFile(file, []byte(content), 0o644))
}

func (k kit) read(name string) string {
	k.Helper()
	content, err := os.ReadFile(filepath.Join(k.root, name))
	require.NoError(k, err)
	return string(content)
}

func (k kit) remove(name string) {
	k.Helper()
	require.NoError(k, os.Remove(filepath.Join(k.root, name)))
}

// all returns every file of the kit.
func (k kit) all() map[string]string {
	k.Helper()
	files := map[string]string{}
	require.NoError(k, fs.WalkDir(os.DirFS(k.root), ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			files[name] = k.read(name)
		}
		return err
	}))
	return files
}

func (k kit) update() []skeleton.Change {
	k.Helper()
	changes, err := skeleton.Update(k.root, skeleton.Options{})
	require.NoError(k, err)
	return changes
}

func TestUpdate(t *testing.T) {
	t.Run("writes what is missing", func(t *testing.T) {
		k := updated(t)
		assert.Equal(t, skeletonOne, k.read(exerciseFile))
		assert.Len(t, k.all(), 3, "no temporary file stays")
		info, err := os.Stat(filepath.Join(k.root, exerciseFile))
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o644), info.Mode().Perm())
	})

	t.Run("a second time changes nothing", func(t *testing.T) {
		k := updated(t)
		before, err := os.Stat(filepath.Join(k.root, exerciseFile))
		require.NoError(t, err)
		sums, err := os.Stat(filepath.Join(k.root, skeleton.Sums))
		require.NoError(t, err)
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Current}}, k.update())
		after, err := os.Stat(filepath.Join(k.root, exerciseFile))
		require.NoError(t, err)
		sumsAfter, err := os.Stat(filepath.Join(k.root, skeleton.Sums))
		require.NoError(t, err)
		assert.True(t, os.SameFile(before, after), "the exercise was not written")
		assert.True(t, os.SameFile(sums, sumsAfter), "the sums were not written")
	})

	t.Run("replaces an older skeleton", func(t *testing.T) {
		k := updated(t)
		k.write(solutionFile, solutionTwo)
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Updated}}, k.update())
		assert.Equal(t, skeletonTwo, k.read(exerciseFile))
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Current}}, k.update())
	})

	t.Run("keeps what a learner has changed", func(t *testing.T) {
		for name, learners := range map[string]string{
			"code":            skeletonOne + "\nvar a = 1\n",
			"a comment alone": strings.Replace(skeletonOne, "TODO", "DONE", 1),
			"one blank":       skeletonOne + " ",
			"nothing left":    "",
		} {
			t.Run(name, func(t *testing.T) {
				k := updated(t)
				k.write(exerciseFile, learners)
				for range 2 {
					assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Kept}}, k.update())
				}
				k.write(solutionFile, solutionTwo)
				for range 2 {
					assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Kept}}, k.update())
				}
				assert.Equal(t, learners, k.read(exerciseFile))
			})
		}
	})

	t.Run("keeps what it cannot know without a record", func(t *testing.T) {
		k := updated(t)
		k.remove(skeleton.Sums)
		k.write(solutionFile, solutionTwo)
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Kept}}, k.update())
		assert.Equal(t, skeletonOne, k.read(exerciseFile))
	})

	t.Run("does not put a file among those that took its place", func(t *testing.T) {
		k := updated(t)
		k.remove(exerciseFile)
		k.write("exercises/03-topic/app.go", "package main\n")
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Kept}}, k.update())
		assert.NoFileExists(t, filepath.Join(k.root, exerciseFile))
		k.remove("exercises/03-topic/app.go")
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Written}}, k.update())
	})

	t.Run("further files, and their end", func(t *testing.T) {
		const other, data = "exercises/03-topic/sub/sub.go", "exercises/03-topic/text.txt"
		k := newKit(t, map[string]string{
			solutionFile:                  solutionOne,
			"solutions/03-topic/text.txt": "// step 1 begin",
			"solutions/03-topic/sub/sub.go": "package sub\n\n// step 2 begin: sub\n" +
				"var A = 1\n\n// step 2 end\n",
			"solutions/README.md": "no solution",
		})
		assert.Equal(t, []skeleton.Change{
			{Path: exerciseFile, Action: skeleton.Written},
			{Path: other, Action: skeleton.Written},
			{Path: data, Action: skeleton.Written},
		}, k.update())
		assert.Equal(t, "package sub\n\n// TODO step 2: sub\n", k.read(other))
		assert.Equal(t, "// step 1 begin", k.read(data))

		k.remove("solutions/03-topic/text.txt")
		k.remove("solutions/03-topic/sub/sub.go")
		k.write(other, "package sub // mine\n")
		assert.Equal(t, []skeleton.Change{
			{Path: exerciseFile, Action: skeleton.Current},
			{Path: other, Action: skeleton.Kept},
			{Path: data, Action: skeleton.Removed},
		}, k.update())
		assert.FileExists(t, filepath.Join(k.root, other))
		assert.NoFileExists(t, filepath.Join(k.root, data))
		assert.Equal(t, []skeleton.Change{{Path: exerciseFile, Action: skeleton.Current}}, k.update())
	})

	t.Run("a dry run writes nothing and says the same", func(t *testing.T) {
		k := updated(t)
		k.write("solutions/04-new/main.go", solutionOne)
		k.write("solutions/05-gone/main.go", solutionOne)
		k.update()
		k.write(solutionFile, solutionTwo)
		k.remove("exercises/04-new/main.go")
		k.remove("solutions/05-gone/main.go")
		before := k.all()
		changes, err := skeleton.Update(k.root, skeleton.Options{DryRun: true})
		require.NoError(t, err)
		assert.Equal(t, before, k.all())
		assert.Equal(t, []skeleton.Change{
			{Path: exerciseFile, Action: skeleton.Updated},
			{Path: "exercises/04-new/main.go", Action: skeleton.Written},
			{Path: "exercises/05-gone/main.go", Action: skeleton.Removed},
		}, changes)
		assert.Equal(t, changes, k.update())
	})

	t.Run("a failing write leaves the old file and says where", func(t *testing.T) {
		k := newKit(t, map[string]string{solutionFile: solutionOne, "exercises/03-topic": "a file"})
		before := k.all()
		_, err := skeleton.Update(k.root, skeleton.Options{})
		assert.ErrorContains(t, err, "update exercises: ")
		assert.ErrorContains(t, err, exerciseFile)
		assert.Equal(t, before, k.all())
	})

	t.Run("a bad solution stops it before it writes", func(t *testing.T) {
		k := updated(t)
		k.write(solutionFile, solutionTwo)
		k.write("solutions/04-bad/main.go", "package main\n// step 1 end\n")
		before := k.all()
		_, err := skeleton.Update(k.root, skeleton.Options{})
		assert.EqualError(t, err, "generate skeleton of 04-bad: solutions/04-bad/main.go:2: marker of step 1: end without begin")
		assert.Equal(t, before, k.all())
	})

	t.Run("no solutions", func(t *testing.T) {
		_, err := skeleton.Update(t.TempDir(), skeleton.Options{})
		assert.ErrorContains(t, err, "list solutions: ")
	})
}

func TestBadSums(t *testing.T) {
	hash := strings.Repeat("0", 64)
	for name, line := range map[string]string{
		"no hash":          "exercises/03-topic/main.go",
		"short hash":       "abc  exercises/03-topic/main.go",
		"no path":          hash + "  ",
		"not an exercise":  hash + "  /etc/passwd",
		"out of exercises": hash + "  exercises/../solutions/03-topic/main.go",
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t, map[string]string{solutionFile: solutionOne, skeleton.Sums: "\n" + line + "\n"})
			_, err := skeleton.Update(k.root, skeleton.Options{})
			assert.ErrorContains(t, err, "read sums: solutions/skeletons.sum:2: ")
			_, err = skeleton.Drift(k.root)
			assert.ErrorContains(t, err, "read sums: solutions/skeletons.sum:2: ")
			assert.Equal(t, solutionOne, k.read(solutionFile))
		})
	}
}

func TestDrift(t *testing.T) {
	tests := []struct {
		name   string
		change func(k kit)
		want   []skeleton.Drifted
	}{
		{"none", func(kit) {}, nil},
		{"the solution's code only", func(k kit) {
			k.write(solutionFile, strings.Replace(solutionOne, "one\n", "one\n\nvar a = 1\n\n", 1))
		}, nil},
		{"the solution's text", func(k kit) { k.write(solutionFile, solutionTwo) },
			[]skeleton.Drifted{{exerciseFile, skeleton.Stale}, {exerciseFile, skeleton.Changed}}},
		{"a solution more", func(k kit) { k.write("solutions/04-new/main.go", solutionOne) },
			[]skeleton.Drifted{{"exercises/04-new/main.go", skeleton.Stale}, {"exercises/04-new/main.go", skeleton.Missing}}},
		{"a solution less", func(k kit) { k.remove(solutionFile) },
			[]skeleton.Drifted{{exerciseFile, skeleton.Stale}}},
		{"the exercise", func(k kit) { k.write(exerciseFile, skeletonTwo) },
			[]skeleton.Drifted{{exerciseFile, skeleton.Changed}}},
		{"no exercise", func(k kit) { k.remove(exerciseFile) },
			[]skeleton.Drifted{{exerciseFile, skeleton.Missing}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			k := updated(t)
			test.change(k)
			before := k.all()
			got, err := skeleton.Drift(k.root)
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Equal(t, before, k.all())
		})
	}
}

// What is checked in is what the solutions yield. The exercises themselves may
// be full of a learner's work; the record of them is not.
func TestCheckedInSkeletonsAreCurrent(t *testing.T) {
	drifted, err := skeleton.Drift(root)
	require.NoError(t, err)
	for _, file := range drifted {
		assert.NotEqual(t, skeleton.Stale, file.Reason, "%s: run make update", file.Path)
	}
}

func TestReset(t *testing.T) {
	const mine = "package main // mine\n"

	t.Run("keeps the old file", func(t *testing.T) {
		k := updated(t)
		for _, old := range []string{exerciseFile + ".old", exerciseFile + ".old2", exerciseFile + ".old3"} {
			k.write(exerciseFile, mine+old)
			moved, err := skeleton.Reset(k.root, "03-topic")
			require.NoError(t, err)
			assert.Equal(t, []skeleton.Moved{{Path: exerciseFile, Old: old}}, moved)
			assert.Equal(t, skeletonOne, k.read(exerciseFile))
			assert.Equal(t, mine+old, k.read(old))
		}
		assert.Len(t, k.all(), 6)
	})

	t.Run("nothing to do", func(t *testing.T) {
		k := updated(t)
		before := k.all()
		moved, err := skeleton.Reset(k.root, "03-topic")
		require.NoError(t, err)
		assert.Empty(t, moved)
		assert.Equal(t, before, k.all())
	})

	t.Run("missing", func(t *testing.T) {
		k := updated(t)
		k.remove(exerciseFile)
		moved, err := skeleton.Reset(k.root, "03-topic")
		require.NoError(t, err)
		assert.Equal(t, []skeleton.Moved{{Path: exerciseFile}}, moved)
		assert.Equal(t, skeletonOne, k.read(exerciseFile))
	})

	t.Run("moves other Go files away, and nothing else", func(t *testing.T) {
		k := updated(t)
		k.write("exercises/03-topic/child.go", mine)
		k.write("exercises/03-topic/notes.txt", mine)
		moved, err := skeleton.Reset(k.root, "03-topic")
		require.NoError(t, err)
		assert.Equal(t, []skeleton.Moved{{Path: "exercises/03-topic/child.go", Old: "exercises/03-topic/child.go.old"}}, moved)
		assert.NoFileExists(t, filepath.Join(k.root, "exercises/03-topic/child.go"))
		assert.Equal(t, mine, k.read("exercises/03-topic/child.go.old"))
		assert.Equal(t, mine, k.read("exercises/03-topic/notes.txt"))
	})

	t.Run("unknown exercise", func(t *testing.T) {
		_, err := skeleton.Reset(updated(t).root, "09-none")
		assert.ErrorContains(t, err, "generate skeleton of 09-none: ")
	})
}
