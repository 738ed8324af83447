package course

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	pageTwo   = "# Two\n\n# Step 1: only this\n"
	pageThree = "# Three\n\n# Step 1: first\n\n# Step 2: second\n\n<details>\n<summary>Hint 1</summary>\n\nlook\n\n</details>\n\nMay also import: `example.org/x`\n"
)

// write makes a kit in a temporary folder: a course of two exercises, with the
// changes on top; an empty content takes the file away.
func write(t *testing.T, changes map[string]string) string {
	t.Helper()
	root := t.TempDir()
	files := map[string]string{
		"docs/README.md":                             "# Course\n",
		"docs/performance.md":                        "# Performance\n",
		"docs/03-three.md":                           pageThree,
		"docs/02-two.md":                             pageTwo,
		"testdata/other/1-x.txtar":                   "",
		"testdata/scenarios/notes":                   "no folder",
		"docs/02-two/unrelated.txt":                  "",
		"testdata/scenarios/02-two/1-only.txtar":     "points 100\n",
		"testdata/scenarios/02-two/README.md":        "no scenario",
		"testdata/scenarios/03-three/1-first.txtar":  "# Step 1\npoints 40\nchild exists\n",
		"testdata/scenarios/03-three/2-second.txtar": "child exists\n\tpoints   60 # most\n-- points --\npoints 7\n",
	}
	for name, content := range changes {
		if files[name] = content; content == "" {
			delete(files, name)
		}
	}
	for name, content := range files {
		file := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(content), 0o644))
	}
	return root
}

func TestLoad(t *testing.T) {
	root := write(t, nil)
	got, err := Load(root)
	require.NoError(t, err)
	assert.Equal(t, &Course{
		Root: root,
		Exercises: []*Exercise{
			{
				ID: "02-two", Number: "02", Title: "Two", Page: "docs/02-two.md",
				Steps: []*Step{{
					Number: 1, Title: "Only this", Points: 100, Anchor: "step-1-only-this",
					Scenario: "testdata/scenarios/02-two/1-only.txtar",
				}},
			},
			{
				ID: "03-three", Number: "03", Title: "Three", Page: "docs/03-three.md",
				Steps: []*Step{
					{
						Number: 1, Title: "First", Points: 40, Anchor: "step-1-first",
						Scenario: "testdata/scenarios/03-three/1-first.txtar",
					},
					{
						Number: 2, Title: "Second", Points: 60, Anchor: "step-2-second", Hints: []string{"look"},
						Scenario: "testdata/scenarios/03-three/2-second.txtar",
					},
				},
				Imports: []string{"example.org/x"},
			},
		},
	}, got)
	assert.Equal(t, 100, got.Exercises[1].Points())

	got, err = Load(write(t, map[string]string{"docs/03-three.md": pageThree + "\n[Previous page: two](02-two.md) ·\n[Next page](README.md)\n"}))
	require.NoError(t, err)
	assert.Equal(t, "02-two", got.Exercises[1].Before)
	assert.Equal(t, got.Exercises[1:], got.After("02-two"))
	assert.Empty(t, got.After("03-three"))
}

func TestLoadFails(t *testing.T) {
	const folder = "testdata/scenarios/03-three/"
	tests := []struct {
		name    string
		changes map[string]string
		want    string
	}{
		{"no scenario", map[string]string{folder + "2-second.txtar": ""},
			"load course: docs/03-three.md: step 2 has no scenario: there is no testdata/scenarios/03-three/2-*.txtar"},
		{"no folder of scenarios", map[string]string{folder + "1-first.txtar": "", folder + "2-second.txtar": ""},
			"load course: docs/03-three.md: step 1 has no scenario: there is no testdata/scenarios/03-three/1-*.txtar"},
		{"two scenarios", map[string]string{folder + "2-again.txtar": "points 1\n"},
			"load course: testdata/scenarios/03-three/2-second.txtar: step 2 has the scenario 2-again.txtar already"},
		{"a scenario too many", map[string]string{folder + "3-more.txtar": "points 1\n"},
			"load course: testdata/scenarios/03-three/3-more.txtar: docs/03-three.md has no step 3"},
		{"a scenario without number", map[string]string{folder + "more.txtar": "points 1\n"},
			"load course: testdata/scenarios/03-three/more.txtar: a scenario's name is a step's number and what it is about, such as 2-new-namespaces.txtar"},
		{"bad points", map[string]string{folder + "2-second.txtar": "points many\n"},
			"load course: testdata/scenarios/03-three/2-second.txtar: line 1: points many: not a number from 1 to 1000"},
		{"scenarios without page", map[string]string{"testdata/scenarios/04-four/1-x.txtar": "points 1\n"},
			"load course: testdata/scenarios/04-four: there is no page docs/04-four.md"},
		{"bad page", map[string]string{"docs/03-three.md": "# Step 2: x\n"},
			"load course: docs/03-three.md:1: heading of step 2 where that of step 1 is due"},
		{"a page before that is none", map[string]string{"docs/02-two.md": pageTwo + "\n[Previous page: three](03-three.md)\n"},
			"load course: docs/02-two.md: its previous page, 03-three.md, is none of an exercise before it"},
		{"a number twice", map[string]string{"docs/02-zwei.md": pageTwo, "testdata/scenarios/02-zwei/1-x.txtar": "points 1\n"},
			"load course: docs/02-zwei.md: docs/02-two.md has the number 02 already"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(write(t, test.changes))
			assert.EqualError(t, err, test.want)
		})
	}

	t.Run("no pages", func(t *testing.T) {
		_, err := Load(write(t, map[string]string{"docs/02-two.md": "", "docs/03-three.md": ""}))
		assert.ErrorContains(t, err, "docs: no page of an exercise in it")
	})
	t.Run("no folder", func(t *testing.T) {
		_, err := Load(filepath.Join(t.TempDir(), "none"))
		assert.ErrorIs(t, err, os.ErrNotExist)
		assert.ErrorContains(t, err, "load course: ")
	})
}

func TestFind(t *testing.T) {
	loaded, err := Load(write(t, nil))
	require.NoError(t, err)

	found := []struct {
		selector, exercise string
		step               int // 0: none
	}{
		{"3", "03-three", 0},
		{"03", "03-three", 0},
		{"03-three", "03-three", 0},
		{"03.2", "03-three", 2},
		{"3.1", "03-three", 1},
		{"03-three.2", "03-three", 2},
		{"03.02", "03-three", 2},
		{"02", "02-two", 0},
	}
	for _, test := range found {
		t.Run(test.selector, func(t *testing.T) {
			exercise, step, err := loaded.Find(test.selector)
			require.NoError(t, err)
			assert.Equal(t, test.exercise, exercise.ID)
			if test.step == 0 {
				assert.Nil(t, step)
				return
			}
			require.NotNil(t, step)
			assert.Equal(t, test.step, step.Number)
		})
	}

	const all = "; the course has 02-two, 03-three"
	unknown := map[string]string{
		"":          "find exercise: none named" + all,
		"04":        `find exercise "04": no such exercise` + all,
		"0":         `find exercise "0": no such exercise` + all,
		"03-two":    `find exercise "03-two": no such exercise` + all,
		"003":       `find exercise "003": not a number such as 03 or 03.2` + all,
		"three":     `find exercise "three": not a number such as 03 or 03.2` + all,
		"03.":       `find exercise "03.": not a number such as 03 or 03.2` + all,
		"03.x":      `find exercise "03.x": not a number such as 03 or 03.2` + all,
		"../03":     `find exercise "../03": not a number such as 03 or 03.2` + all,
		"03.3":      `find step "03.3": 03-three has no step 3; it has 03.1, 03.2`,
		"03.0":      `find step "03.0": 03-three has no step 0; it has 03.1, 03.2`,
		"2.2":       `find step "2.2": 02-two has no step 2; it has 02.1`,
		"03-three.": `find exercise "03-three.": not a number such as 03 or 03.2` + all,
	}
	for selector, want := range unknown {
		t.Run("not "+selector, func(t *testing.T) {
			exercise, step, err := loaded.Find(selector)
			assert.EqualError(t, err, want)
			assert.Nil(t, exercise)
			assert.Nil(t, step)
		})
	}
}
