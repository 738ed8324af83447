package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Mounts over what the machine has, and unmounts what it has, all of it shared.
func attack(where string) {
	if where == "host" {
		nested("nested")
		return
	}
	data, _ := os.ReadFile("/proc/self/mountinfo")
	var points []string
	for line := range strings.Lines(string(data)) {
		points = append([]string{strings.Fields(line)[4]}, points...)
	}
	tried("share", unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""))
	tried("bind", unix.Mount("/usr", "/mnt", "", unix.MS_BIND|unix.MS_REC, ""))
	for _, dir := range []string{"/tmp", "/mnt", "/opt", "/home", "/root", "/run", "/sys", "/dev", "/etc", "/usr", "/"} {
		tried("mount on "+dir, unix.Mount(evil, dir, "tmpfs", 0, "size=64k"))
		os.WriteFile(dir+"/"+evil, []byte(evil), 0o666)
	}
	tried("move", unix.Mount("/usr", "/mnt", "", unix.MS_MOVE, ""))
	for _, flags := range []int{0, unix.MNT_FORCE, unix.MNT_DETACH} {
		for _, p := range points {
			unix.Unmount(p, flags)
		}
	}
	tried("pivot", unix.PivotRoot(".", "."))
	tried("unmount everything", unix.Unmount("/", unix.MNT_DETACH))
}
