// Package course knows the exercises: their steps, titles and hints, which it
// reads from the pages in docs, and their points, which it reads from the
// scenarios in testdata/scenarios. Nothing of that is written down elsewhere.
//
// It promises that what it loads is whole: steps are numbered from 1 without a
// gap, each with exactly one scenario, hints are closed and in order, anchors
// lead to the headings they are meant for. It neither runs scenarios nor looks
// at exercises and solutions.
package course

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"pidone/checker/pattern"
)

// A Course is all exercises of a kit.
type Course struct {
	Root      string // the kit's folder
	Exercises []*Exercise
}

// An Exercise is one page of the course.
type Exercise struct {
	ID     string // "03-namespace-isolation"
	Number string // "03"
	Title  string // first heading of the page
	Page   string // relative to the root: "docs/03-namespace-isolation.md"
	Steps  []*Step
	// Before is the ID of the exercise whose finished program this one starts
	// from: the one that the page's "Previous page" leads to. The first has none.
	Before  string
	Imports []string // what more the page allows to import, beyond the standard library and golang.org/x/sys
}

// A Step is one numbered part of a page.
type Step struct {
	Number   int
	Title    string   // "Add namespace isolation"
	Points   int      // what it is worth
	Scenario string   // relative to the root: "testdata/scenarios/03-namespace-isolation/2-new-namespaces.txtar"
	Anchor   string   // of its heading in the page: "step-2-add-namespace-isolation"
	Hints    []string // Markdown, growing plainness
}

// Points returns what all steps are worth together.
func (e *Exercise) Points() int {
	sum := 0
	for _, step := range e.Steps {
		sum += step.Points
	}
	return sum
}

const (
	pages     = "docs"
	scenarios = "testdata/scenarios"
)

var (
	pageName     = pattern.Lazy(`^(([0-9]{2})-[a-z0-9]+(?:-[a-z0-9]+)*)\.md$`)
	scenarioName = pattern.Lazy(`^([1-9][0-9]?)-[a-z0-9]+(?:-[a-z0-9]+)*\.txtar$`)
)

// Load reads the course of the kit in the folder root. Its errors name the file
// and what is wrong with it.
func Load(root string) (*Course, error) {
	entries, err := os.ReadDir(filepath.Join(root, pages))
	if err != nil {
		return nil, fmt.Errorf("load course: %w", err)
	}
	course := &Course{Root: root}
	numbers := map[string]string{}
	known := map[string]bool{}
	for _, entry := range entries {
		parts := pageName().FindStringSubmatch(entry.Name())
		if parts == nil {
			continue
		}
		exercise := &Exercise{ID: parts[1], Number: parts[2], Page: path.Join(pages, entry.Name())}
		if other := numbers[exercise.Number]; other != "" {
			return nil, fmt.Errorf("load course: %s: %s has the number %s already", exercise.Page, other, exercise.Number)
		}
		if err := exercise.load(root); err != nil {
			return nil, fmt.Errorf("load course: %w", err)
		}
		numbers[exercise.Number], known[exercise.ID] = exercise.Page, true
		course.Exercises = append(course.Exercises, exercise)
	}
	if len(course.Exercises) == 0 {
		return nil, fmt.Errorf("load course: %s: no page of an exercise in it, such as 03-namespace-isolation.md", filepath.Join(root, pages))
	}

	for _, exercise := range course.Exercises {
		if before := exercise.Before; before != "" && (!known[before] || before >= exercise.ID) {
			return nil, fmt.Errorf("load course: %s: its previous page, %s.md, is none of an exercise before it", exercise.Page, before)
		}
	}

	folders, err := os.ReadDir(filepath.Join(root, scenarios))
	if err != nil {
		return nil, fmt.Errorf("load course: %w", err)
	}
	for _, folder := range folders {
		if folder.IsDir() && !known[folder.Name()] {
			return nil, fmt.Errorf("load course: %s: there is no page %s", path.Join(scenarios, folder.Name()), path.Join(pages, folder.Name()+".md"))
		}
	}
	return course, nil
}

func (e *Exercise) load(root string) error {
	source, err := os.ReadFile(filepath.Join(root, e.Page))
	if err != nil {
		return err
	}
	page, err := parsePage(e.Page, source)
	if err != nil {
		return err
	}
	e.Title, e.Steps, e.Imports, e.Before = page.title, page.steps, page.imports, page.before

	folder := path.Join(scenarios, e.ID)
	entries, err := os.ReadDir(filepath.Join(root, folder))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		name := path.Join(folder, entry.Name())
		if path.Ext(name) != ".txtar" {
			continue
		}
		parts := scenarioName().FindStringSubmatch(entry.Name())
		if parts == nil {
			return fmt.Errorf("%s: a scenario's name is a step's number and what it is about, such as 2-new-namespaces.txtar", name)
		}
		number, err := strconv.Atoi(parts[1])
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if number > len(e.Steps) {
			return fmt.Errorf("%s: %s has no step %d", name, e.Page, number)
		}
		step := e.Steps[number-1]
		if step.Scenario != "" {
			return fmt.Errorf("%s: step %d has the scenario %s already", name, number, path.Base(step.Scenario))
		}
		script, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if step.Points, err = Points(script); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		step.Scenario = name
	}
	for _, step := range e.Steps {
		if step.Scenario == "" {
			return fmt.Errorf("%s: step %d has no scenario: there is no %s/%d-*.txtar", e.Page, step.Number, folder, step.Number)
		}
	}
	return nil
}

// After returns the exercises that start from an exercise's finished program.
func (c *Course) After(id string) []*Exercise {
	var after []*Exercise
	for _, e := range c.Exercises {
		if e.Before == id {
			after = append(after, e)
		}
	}
	return after
}

// Open returns the exercises to go on with, when those done are behind: all of
// which the one before is done. waits holds for each other open one, by ID, the
// number of the one that comes first. A learner may take them in another order.
func (c *Course) Open(done map[string]bool) (open []*Exercise, waits map[string]string) {
	waits = map[string]string{}
	numbers := map[string]string{}
	for _, e := range c.Exercises {
		numbers[e.ID] = e.Number
		switch {
		case done[e.ID]:
		case e.Before == "" || done[e.Before]:
			open = append(open, e)
		default:
			waits[e.ID] = numbers[e.Before]
		}
	}
	return open, waits
}

var selectorForm = pattern.Lazy(`^([0-9]{1,2})(-[a-z0-9-]+)?(?:\.([0-9]{1,2}))?$`)

// Find returns what a selector names: "3", "03" or "03-namespace-isolation" an
// exercise, with a nil step; "03.2" a step of it too. The error for what is
// unknown lists what there is.
func (c *Course) Find(selector string) (*Exercise, *Step, error) {
	if selector == "" {
		return nil, nil, fmt.Errorf("find exercise: none named; %s", c.list())
	}
	parts := selectorForm().FindStringSubmatch(selector)
	if parts == nil {
		return nil, nil, fmt.Errorf("find exercise %q: not a number such as 03 or 03.2; %s", selector, c.list())
	}
	number, name, wanted := strings.Repeat("0", 2-len(parts[1]))+parts[1], parts[2], parts[3]
	for _, exercise := range c.Exercises {
		if exercise.Number != number || name != "" && exercise.ID != number+name {
			continue
		}
		if wanted == "" {
			return exercise, nil, nil
		}
		for _, step := range exercise.Steps {
			if strconv.Itoa(step.Number) == strings.TrimPrefix(wanted, "0") {
				return exercise, step, nil
			}
		}
		return nil, nil, fmt.Errorf("find step %q: %s has no step %s; it has %s", selector, exercise.ID, wanted, exercise.list())
	}
	return nil, nil, fmt.Errorf("find exercise %q: no such exercise; %s", selector, c.list())
}

func (c *Course) list() string {
	var names []string
	for _, exercise := range c.Exercises {
		names = append(names, exercise.ID)
	}
	return "the course has " + strings.Join(names, ", ")
}

func (e *Exercise) list() string {
	var names []string
	for _, step := range e.Steps {
		names = append(names, fmt.Sprintf("%s.%d", e.Number, step.Number))
	}
	return strings.Join(names, ", ")
}
