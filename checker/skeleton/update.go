package skeleton

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// An Action is what Update did with a file of an exercise.
type Action string

// The actions. Only Kept leaves something other than the skeleton.
const (
	Current Action = "current" // it was the skeleton already
	Written Action = "written" // it was missing
	Updated Action = "updated" // it was an older skeleton
	Removed Action = "removed" // it was a skeleton that no solution yields any more
	Kept    Action = "kept"    // it is neither: a learner has changed it, or has other Go files in its place
)

// A Change says what became of one file, whose path is relative to the root.
type Change struct {
	Path   string
	Action Action
}

// Options of Update.
type Options struct {
	DryRun bool // report, and write nothing
}

// Update makes every exercise anew from its solution, and records what it made
// in Sums. A file that a learner has changed it leaves alone: one that is
// neither the new skeleton nor the recorded one, or whose place other Go files
// have taken. Changes are in the order of
// their paths, and those made before an error are returned with it.
func Update(root string, options Options) ([]Change, error) {
	files, err := all(root)
	if err != nil {
		return nil, err
	}
	recorded, err := readSums(root)
	if err != nil {
		return nil, err
	}

	var changes []Change
	made := sums{}
	for _, file := range files {
		made[file.Path] = sum(file.Content)
		old, err := present(root, file.Path)
		if err != nil {
			return changes, fmt.Errorf("update exercises: %w", err)
		}
		change := Change{Path: file.Path}
		switch {
		case old == nil && recorded[file.Path] != "" && hasGo(root, path.Dir(file.Path)):
			change.Action = Kept
		case old == nil:
			change.Action = Written
		case bytes.Equal(old, file.Content):
			change.Action = Current
		case sum(old) == recorded[file.Path]:
			change.Action = Updated
		default:
			change.Action = Kept
		}
		if !options.DryRun && (change.Action == Written || change.Action == Updated) {
			if err := replace(root, file.Path, file.Content); err != nil {
				return changes, fmt.Errorf("update exercises: %w", err)
			}
		}
		changes = append(changes, change)
	}

	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		if _, ok := made[name]; ok {
			continue
		}
		old, err := present(root, name)
		if err != nil {
			return changes, fmt.Errorf("update exercises: %w", err)
		}
		switch {
		case old == nil:
		case sum(old) != recorded[name]:
			changes = append(changes, Change{Path: name, Action: Kept})
		default:
			if !options.DryRun {
				if err := os.Remove(filepath.Join(root, name)); err != nil {
					return changes, fmt.Errorf("update exercises: %w", err)
				}
			}
			changes = append(changes, Change{Path: name, Action: Removed})
		}
	}

	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.Path, b.Path) })
	if options.DryRun || maps.Equal(made, recorded) {
		return changes, nil
	}
	if err := replace(root, Sums, []byte(made.String())); err != nil {
		return changes, fmt.Errorf("record sums: %w", err)
	}
	return changes, nil
}

// hasGo tells whether a folder holds Go files.
func hasGo(root, folder string) bool {
	entries, err := os.ReadDir(filepath.Join(root, folder))
	return err == nil && slices.ContainsFunc(entries, func(entry os.DirEntry) bool {
		return path.Ext(entry.Name()) == ".go"
	})
}

// A Reason is why a file is reported by Drift.
type Reason string

// The reasons.
const (
	Stale   Reason = "stale"   // a solution was changed and make update not run: always a fault of ours
	Changed Reason = "changed" // the exercise is not its skeleton: a learner's work, or an edit in the wrong place
	Missing Reason = "missing" // the exercise's file is not there
)

// A Drifted file is one that Update would change, or would have to.
type Drifted struct {
	Path   string // relative to the root
	Reason Reason
}

// Drift compares solutions, the record and the exercises. Stale is told without
// a look at what learners edit. A file may be both stale and changed or missing.
func Drift(root string) ([]Drifted, error) {
	files, err := all(root)
	if err != nil {
		return nil, err
	}
	recorded, err := readSums(root)
	if err != nil {
		return nil, err
	}
	var drifted []Drifted
	made := sums{}
	for _, file := range files {
		made[file.Path] = sum(file.Content)
		if made[file.Path] != recorded[file.Path] {
			drifted = append(drifted, Drifted{file.Path, Stale})
		}
		old, err := present(root, file.Path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("compare exercises: %w", err)
		case old == nil:
			drifted = append(drifted, Drifted{file.Path, Missing})
		case !bytes.Equal(old, file.Content):
			drifted = append(drifted, Drifted{file.Path, Changed})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(recorded)) {
		if _, ok := made[name]; !ok {
			drifted = append(drifted, Drifted{name, Stale})
		}
	}
	return drifted, nil
}
