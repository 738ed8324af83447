package skeleton_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/course"
	"pidone/checker/skeleton"
)

// stages are the files that a learner has after each step of each exercise.
func stages(t *testing.T, file string) [][]byte {
	t.Helper()
	solution, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	_, marks, err := skeleton.Generate(file, solution)
	require.NoError(t, err)
	last := 0
	for _, mark := range marks {
		last = max(last, mark.Step)
	}
	require.Positive(t, last, "%s marks no step", file)
	var all [][]byte
	for done := range last + 1 {
		content, _, err := skeleton.Partly(file, solution, done)
		require.NoError(t, err)
		all = append(all, content)
	}
	return all
}

func solutions(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, "solutions/*/main.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for i := range files {
		files[i], err = filepath.Rel(root, files[i])
		require.NoError(t, err)
	}
	return files
}

func TestEveryStageCompiles(t *testing.T) {
	module := t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(module, name), content, 0o644))
	}
	packages := 0
	for _, file := range solutions(t) {
		for done, content := range stages(t, file) {
			folder := filepath.Join(module, filepath.Base(filepath.Dir(file)), fmt.Sprint("after", done))
			require.NoError(t, os.MkdirAll(folder, 0o755))
			require.NoError(t, os.WriteFile(filepath.Join(folder, "main.go"), content, 0o644))
			packages++
		}
	}

	environment := append(os.Environ(), "GOFLAGS=", "GOPROXY=off", "GOTOOLCHAIN=local", "GOWORK=off", "GOOS=linux", "CGO_ENABLED=0")
	run := func(arguments ...string) []byte {
		command := exec.Command("go", arguments...)
		var said bytes.Buffer
		command.Dir, command.Env, command.Stderr = module, environment, &said
		output, err := command.Output()
		require.NoError(t, err, "go %s:\n%s", arguments, &said)
		return output
	}
	if os.Getenv("PIDONE_TEST_VET") != "" { // make vet: on a fresh machine that vets what they import, too
		run("vet", "./...")
	}
	output := run("list", "-export", "-json=Name", "./...") // compiles, and does not link
	seen := 0
	for decoder := json.NewDecoder(bytes.NewReader(output)); decoder.More(); seen++ {
		var pkg struct{ Name string }
		require.NoError(t, decoder.Decode(&pkg))
		assert.Equal(t, "main", pkg.Name)
	}
	assert.Equal(t, packages, seen, "go compiled as many packages as there are stages")
}

func TestStages(t *testing.T) {
	for _, file := range solutions(t) {
		t.Run(file, func(t *testing.T) {
			all := stages(t, file)
			whole := all[len(all)-1]
			assert.False(t, skeleton.Unchanged(whole, all[0]), "the skeleton is the solution")
			for done, content := range all {
				for step := 1; step < len(all); step++ {
					assert.Equal(t, step > done, skeleton.Todo(content, step) > 0, "TODO for step %d when %d are done", step, done)
				}
			}
		})
	}
}

func TestExercisesStartFromTheOneBefore(t *testing.T) {
	loaded, err := course.Load(root)
	require.NoError(t, err)
	for _, e := range loaded.Exercises {
		if e.Before == "" {
			continue
		}
		before := stages(t, "solutions/"+e.Before+"/main.go")
		after := stages(t, "solutions/"+e.ID+"/main.go")
		assert.True(t, skeleton.Unchanged(after[0], before[len(before)-1]), "the skeleton of %s is not the solution of %s", e.ID, e.Before)
	}
}

func TestEveryStepHasATodo(t *testing.T) {
	loaded, err := course.Load(root)
	require.NoError(t, err)
	for _, exercise := range loaded.Exercises {
		files, err := skeleton.Files(root, exercise.ID)
		require.NoError(t, err)
		var steps []int
		for _, file := range files {
			for _, mark := range file.Marks {
				steps = append(steps, mark.Step)
			}
		}
		slices.Sort(steps)
		var want []int
		for _, step := range exercise.Steps {
			want = append(want, step.Number)
		}
		assert.Equal(t, want, slices.Compact(steps), "the steps with a region in solutions/%s (docs/authoring.md)", exercise.ID)
	}
}

// TODO comments send learners to make targets; those have to name their own
// exercise.
func TestTodosNameTheirExercise(t *testing.T) {
	step := regexp.MustCompile(`STEP=(\S+)`)
	for _, file := range solutions(t) {
		number := filepath.Base(filepath.Dir(file))[:2]
		found := step.FindAllSubmatch(stages(t, file)[0], -1)
		assert.NotEmpty(t, found, "%s: no TODO names a command: the last step's does, such as make check STEP=%s", file, number)
		for _, match := range found {
			assert.Equal(t, number, string(match[1]), file)
		}
	}
}
