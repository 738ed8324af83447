package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const groupsTop = "/sys/fs/cgroup"

func groups() map[string]func([]string) {
	return map[string]func([]string){"groups": useGroups, "groupescape": leaveGroups, "groupforest": growGroups, "groupmemory": fillGroup}
}

func put(path, text string) error {
	f, err := os.OpenFile(filepath.Join(groupsTop, path), os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func get(path string) string {
	data, _ := os.ReadFile(filepath.Join(groupsTop, path))
	return strings.TrimSpace(string(data))
}

// useGroups does with groups what an exercise asks for.
func useGroups([]string) {
	own, _ := os.ReadFile("/proc/self/cgroup")
	say(strings.TrimSpace(string(own)), "own group")
	say(get("cgroup.subtree_control"), "controllers")
	tried("make group", os.Mkdir(groupsTop+"/x", 0o755))
	tried("limit memory", put("x/memory.max", "100M"))
	tried("limit cpu", put("x/cpu.max", "50000 100000"))
	tried("limit pids", put("x/pids.max", "20"))
	say(get("x/memory.max"), "memory.max")
	say(get("x/cpu.max"), "cpu.max")
	tried("join", put("x/cgroup.procs", "0"))
	tried("leave", put("session.scope/cgroup.procs", "0"))
	tried("remove group", unix.Rmdir(groupsTop+"/x"))
}

// leaveGroups tries to get at the limits of the sandbox.
func leaveGroups([]string) {
	for _, file := range []string{"memory.max", "memory.high", "memory.swap.max", "pids.max", "cpu.max", "cgroup.max.descendants", "cgroup.max.depth", "cgroup.freeze", "cgroup.kill", "cgroup.type"} {
		tried("write "+file, put(file, "max"))
	}
	tried("write ../memory.max", put("../cgroup/../../fs/cgroup/memory.max", "max"))
	// Another mount of it shows no more.
	os.Mkdir("/tmp/again", 0o755)
	tried("mount again", unix.Mount("cgroup2", "/tmp/again", "cgroup2", 0, ""))
	if _, err := os.Stat("/tmp/again/session.scope"); err != nil {
		say("elsewhere", "root of the mount")
	} else {
		say("box", "root of the mount")
	}
	tried("mount version 1", unix.Mount("cgroup", "/tmp/again", "cgroup", 0, "memory"))
	tried("remove own group", unix.Rmdir(groupsTop+"/session.scope"))
	tried("remount", unix.Mount("", groupsTop, "", unix.MS_REMOUNT, "nsdelegate"))
}

// growGroups makes as many groups as it can, deep and wide, some frozen and
// threaded, with processes in them, and stays.
func growGroups(args []string) {
	made, deep := 0, groupsTop
	for range 20 {
		deep += "/d"
		if os.Mkdir(deep, 0o755) == nil {
			made++
		}
		os.WriteFile(deep+"/cgroup.subtree_control", []byte("+memory +pids"), 0)
	}
	var err error
	for i := 0; err == nil; i++ {
		if err = os.Mkdir(fmt.Sprintf("%s/wide %d", groupsTop, i), 0o755); err == nil {
			made++
		}
	}
	tried("make one more", err)
	say(strconv.Itoa(made), "groups")
	put("wide 3/cgroup.type", "threaded")
	for _, name := range []string{"wide 1/", "wide 2/", strings.Repeat("d/", 20)} {
		pid := sleeper()
		tried("move", put(name+"/cgroup.procs", strconv.Itoa(pid)))
	}
	tried("freeze", put("wide 2/cgroup.freeze", "1"))
	if len(args) > 0 {
		time.Sleep(time.Hour)
	}
}

// sleeper starts a process that sleeps.
func sleeper() int {
	p, err := os.StartProcess("/proc/self/exe", []string{"helper", "sleep"}, &os.ProcAttr{})
	if err != nil {
		return -1
	}
	return p.Pid
}

// fillGroup takes more memory than a group of its own has.
func fillGroup([]string) {
	tried("make group", os.Mkdir(groupsTop+"/x", 0o755))
	tried("limit memory", put("x/memory.max", "32M"))
	tried("join", put("x/cgroup.procs", "0"))
	taken := make([]byte, 64<<20)
	for i := range taken {
		taken[i] = 1
	}
	say("ok", "take")
}
