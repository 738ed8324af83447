package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// files are no attacks, but what callers need files for.
func files() map[string]func([]string) {
	return map[string]func([]string){
		"write": write,
		"read":  read,
		"copy":  copyStdin,
		"link":  func(args []string) { must(os.Symlink(args[0], args[1])) },
		"fifo":  func(args []string) { must(unix.Mknod(args[0], unix.S_IFIFO|0o600, 0)) },
		// cover-output puts something endless over an output.
		"cover-output": func(args []string) {
			must(os.WriteFile(args[1], []byte("x"), 0o644))
			must(unix.Mount(args[0], args[1], "", unix.MS_BIND, ""))
		},
	}
}

// write writes a text to each path.
func write(args []string) {
	for _, path := range args[1:] {
		tried("write "+path, os.WriteFile(path, []byte(args[0]), 0o644))
	}
}

// read prints what is in each file, or the names in a folder.
func read(args []string) {
	for _, path := range args {
		if names, err := filepath.Glob(path + "/*"); err == nil && len(names) > 0 {
			say(strings.Join(names, " "), "in "+path)
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			tried("read "+path, err)
			continue
		}
		say(string(data), "read "+path)
	}
}

func copyStdin([]string) {
	data, err := io.ReadAll(os.Stdin)
	must(err)
	say(string(data), "stdin")
}
