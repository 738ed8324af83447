package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Looks for the solutions, the scenarios and what others have handed in, in all
// that it can read.
func attack(where string) {
	if where == "container" {
		return
	}
	if where == "host" {
		nested("nested")
	}
	files := 0
	for _, root := range []string{"/", "/proc/1/root", "/proc/1/cwd"} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil
			case d.IsDir() && (path == "/proc" || path == "/usr/local/go" || path == "/usr/share" || path == "/usr/lib" || path == "/usr/include"):
				return fs.SkipDir
			}
			files++
			name := strings.ToLower(d.Name())
			for _, sign := range []string{"namespace-isolation", "process-creation", "txtar", "want.json", "solutions", "submissions", "pidone", "roster"} {
				if strings.Contains(name, sign) && !strings.Contains(name, evil) && !strings.Contains(name, "pidone-canary") {
					say("ok", "found "+path)
				}
			}
			return nil
		})
	}
	for _, path := range []string{"/work/main", "/root", "/home", "/src", "/kit", "/workspace", "/builds", "/github", "/autograder", "/var", "/tmp", "/mnt", "/opt", "/srv", "/run"} {
		names, _ := os.ReadDir(path)
		for _, n := range names {
			if !strings.Contains(n.Name(), evil) && n.Name() != "tmp" && n.Name() != "run" {
				say("ok", "found "+path+"/"+n.Name())
			}
		}
	}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.Contains(" PATH HOME LANG USER SHELL ", " "+name+" ") {
			say("ok", "found "+v)
		}
	}
	say(files > 100, "looked at many")
}
