package main

import (
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

const group = "/sys/fs/cgroup/x"

// groups makes a group, has a child executed in it, and removes it. How says who
// puts the child there: the child ("itself"), the parent for which it waits ("waits"),
// or that it does not wait for ("race"), or one that it watches out for ("polls",
// "spins").
func groups(args []string) {
	how := args[0]
	if len(args) > 1 {
		groupChild(how)
	}
	fail("mkdir", os.Mkdir(group, 0o755))
	fail("limit", os.WriteFile(group+"/memory.max", []byte("64M"), 0))
	cmd := exec.Command("/proc/self/exe", "groups", how, "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	in, err := cmd.StdinPipe()
	fail("pipe", err)
	fail("start", cmd.Start())
	if how != "itself" {
		fail("move", os.WriteFile(group+"/cgroup.procs", []byte(strconv.Itoa(cmd.Process.Pid)), 0))
	}
	in.Close()
	fail("wait", cmd.Wait())
	fail("rmdir", unix.Rmdir(group))
}

func groupChild(how string) {
	inside := func() bool {
		data, err := os.ReadFile("/proc/self/cgroup")
		fail("look", err)
		return string(data) == "0::/x\n"
	}
	switch how {
	case "itself":
		fail("join", os.WriteFile(group+"/cgroup.procs", []byte("0"), 0))
	case "waits":
		io.ReadAll(os.Stdin)
	case "polls":
		for !inside() {
			time.Sleep(2 * time.Millisecond)
		}
	case "spins":
		for !inside() {
		}
	}
	fail("exec", unix.Exec("/bin/sleep", []string{"sleep", "0.3"}, os.Environ()))
}
