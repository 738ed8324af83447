package command

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"pidone/checker/scenario"
	"pidone/checker/skeleton"
)

// solution shows the reference, without the markers of the skeleton.
func (a *app) solution(args []string) int {
	positional, _, _, err := parse(flag.NewFlagSet("solution", flag.ContinueOnError), args)
	if err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	e, _, err := selected(c, positional)
	if err != nil {
		return a.fail(err)
	}
	dir := filepath.Join(a.root, "solutions", e.ID)
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return a.fail(err)
	}
	if len(files) == 0 {
		return a.fail(fmt.Errorf("show solution: no Go file in %s", dir))
	}
	for _, path := range files {
		src, err := os.ReadFile(path)
		if err != nil {
			return a.fail(err)
		}
		whole, _, err := skeleton.Partly(path, src, len(e.Steps))
		if err != nil {
			return a.fail(err)
		}
		if len(files) > 1 {
			fmt.Fprintf(a.out, "// %s\n", filepath.Base(path))
		}
		a.out.Write(whole)
	}
	return passed
}

// reset puts the skeleton of an exercise back.
func (a *app) reset(args []string) int {
	positional, _, _, err := parse(flag.NewFlagSet("reset", flag.ContinueOnError), args)
	if err != nil {
		return a.fail(err)
	}
	c, err := a.load()
	if err != nil {
		return a.fail(err)
	}
	e, _, err := selected(c, positional)
	if err != nil {
		return a.fail(err)
	}
	moved, err := skeleton.Reset(a.root, e.ID)
	for _, m := range moved {
		chownLike(filepath.Join(a.root, m.Path), a.root)
		switch {
		case m.Old != "":
			fmt.Fprintf(a.out, "%s starts again; what was there is now %s\n", m.Path, m.Old)
		default:
			fmt.Fprintf(a.out, "%s starts again\n", m.Path)
		}
	}
	if err != nil {
		return a.fail(err)
	}
	if len(moved) == 0 {
		fmt.Fprintf(a.out, "exercises/%s is the skeleton already\n", e.ID)
	}
	return passed
}

// update generates the exercises from the solutions, and the reference of
// scenarios from their commands.
func (a *app) update(args []string) int {
	fs := flag.NewFlagSet("update", flag.ContinueOnError)
	check := fs.Bool("check", false, "write nothing, and fail if there is something to do")
	if _, _, _, err := parse(fs, args); err != nil {
		return a.fail(err)
	}
	root, err := findRoot()
	if err != nil {
		return a.fail(err)
	}
	changes, err := skeleton.Update(root, skeleton.Options{DryRun: *check})
	code := passed
	for _, c := range changes {
		fmt.Fprintf(a.out, "%-8s %s\n", c.Action, c.Path)
		if c.Action == skeleton.Current {
			continue
		}
		if *check {
			code = failed
		} else {
			chownLike(filepath.Join(root, c.Path), root)
		}
		if c.Action == skeleton.Kept {
			fmt.Fprintln(a.out, "         it was changed by hand; make reset STEP=... puts the skeleton there")
		}
	}
	if err != nil {
		return a.fail(err)
	}
	drifted, err := updateFile(filepath.Join(root, "docs", "scenarios.md"), scenario.Reference(), !*check)
	if err != nil {
		return a.fail(err)
	}
	if drifted {
		fmt.Fprintf(a.out, "%-8s docs/scenarios.md\n", skeleton.Updated)
		if *check {
			code = failed
		}
	}
	return code
}

// updateFile gives a generated file its text, if write is true, and tells
// whether it had another.
func updateFile(path, text string, write bool) (drifted bool, err error) {
	old, err := os.ReadFile(path)
	if err == nil && string(old) == text {
		return false, nil
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("update: %w", err)
	}
	if !write {
		return true, nil
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		return false, fmt.Errorf("update: %w", err)
	}
	chownLike(path, filepath.Dir(path))
	return true, nil
}
