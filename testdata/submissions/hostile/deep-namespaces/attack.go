package main

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/unix"
)

// Makes user and PID namespaces within one another, as deep as it may, and does
// in the deepest what a container does.
func attack(where string) {
	if where == "host" {
		deeper(1)
	}
	var depth int
	if n, _ := fmt.Sscanf(where, "deep-%d", &depth); n == 1 {
		unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, "")
		tried("mount proc", unix.Mount("proc", "/proc", "proc", 0, ""))
		deeper(depth + 1)
	}
}

func deeper(depth int) {
	say(depth, "deep")
	if depth == 6 {
		runtime.LockOSThread()
		tried("name the deepest", unix.Unshare(unix.CLONE_NEWUTS))
		fmt.Println(container())
		return
	}
	again(fmt.Sprint("deep-", depth), unix.CLONE_NEWUSER|unix.CLONE_NEWPID|unix.CLONE_NEWNS)
}
