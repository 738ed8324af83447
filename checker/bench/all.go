package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// allRow compares a check of all solutions, after each was edited, with a plain
// build of the same, one after the other, after the same edits. What this machine
// lacks a feature for is left out on both sides, and missing says so.
func allRow(root, work string, rounds int) (_ row, missing []string, err error) {
	exercises, skipped, err := runnable(root)
	if err != nil {
		return row{}, nil, err
	}
	for _, name := range skipped {
		missing = append(missing, fmt.Sprintf("all checked / go build: without %s, which this machine lacks a feature for (make doctor)", name))
	}
	kit, built := filepath.Join(work, "kit"), filepath.Join(work, "built")
	if err := kitOf(root, kit, exercises); err != nil {
		return row{}, nil, err
	}
	module, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return row{}, nil, err
	}
	module = []byte(strings.Replace(string(module), "module pidone", "module learner", 1))
	err = errors.Join(os.Mkdir(built, 0o755), os.WriteFile(filepath.Join(built, "go.mod"), module, 0o644),
		os.Symlink(filepath.Join(root, "go.sum"), filepath.Join(built, "go.sum")))
	if err != nil {
		return row{}, nil, err
	}
	mine := filepath.Join(kit, "mine")
	edit := func(to string) func(int) error {
		return func(round int) error { return editAll(root, to, exercises, round) }
	}
	check := fmt.Sprintf("exec %q check all --submission %q >/dev/null", filepath.Join(root, "bin/checker"), mine)
	build := fmt.Sprintf("for d in %s; do go build -o %q ./$d || exit; done", strings.Join(exercises, " "), filepath.Join(work, "out"))
	return row{fmt.Sprintf("all %d checked / go build", len(exercises)), 2.5,
		side{"check", edit(mine), []string{"sh", "-c", check}, kit, nil},
		side{"go build", edit(built), []string{"sh", "-c", build}, built, nil},
		rounds}, missing, nil
}

// runnable lists the exercises that can be checked here, and those that cannot.
func runnable(root string) (exercises, skipped []string, err error) {
	cmd := exec.Command(filepath.Join(root, "bin/checker"), "check", "all", "--format", "json", "--submission", filepath.Join(root, "solutions"))
	cmd.Dir, cmd.Stderr = root, os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, nil, fmt.Errorf("check all solutions: %w: %s", err, out)
	}
	var checks []struct{ Exercise, Verdict string }
	if err := json.Unmarshal(out, &checks); err != nil {
		return nil, nil, fmt.Errorf("check all solutions: %w", err)
	}
	for _, c := range checks {
		if c.Verdict == "skip" {
			skipped = append(skipped, c.Exercise)
		} else {
			exercises = append(exercises, c.Exercise)
		}
	}
	return exercises, skipped, nil
}

// kitOf makes a kit that has some of the exercises.
func kitOf(root, kit string, exercises []string) error {
	for _, dir := range []string{"docs", "testdata/scenarios"} {
		if err := os.MkdirAll(filepath.Join(kit, dir), 0o755); err != nil {
			return err
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(kit, name), data, 0o644); err != nil {
			return err
		}
	}
	links := []string{"checker", "solutions", "bin"}
	for _, e := range exercises {
		links = append(links, filepath.Join("docs", e+".md"), filepath.Join("testdata/scenarios", e))
	}
	for _, name := range links {
		if err := os.Symlink(filepath.Join(root, name), filepath.Join(kit, name)); err != nil {
			return err
		}
	}
	return nil
}

// editAll writes the solutions, with an edit of this round, below dir.
func editAll(root, dir string, exercises []string, round int) error {
	for _, e := range exercises {
		files, err := filepath.Glob(filepath.Join(root, "solutions", e, "*.go"))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(dir, e), 0o755); err != nil {
			return err
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if filepath.Base(name) == "main.go" {
				text = append(text, edited(os.Getpid(), round)...)
			}
			if err := os.WriteFile(filepath.Join(dir, e, filepath.Base(name)), text, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// edited is what is added to a program, so that no build cache knows it.
func edited(of ...any) string {
	return fmt.Sprintf("\nvar edit = %q\n\nfunc init() { _ = edit }\n", fmt.Sprint(of...))
}
