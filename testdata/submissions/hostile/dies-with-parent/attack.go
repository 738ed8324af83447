package main

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Plays with what happens at a parent's death: signals for it, reapers,
// orphans that are handed on and on.
func attack(where string) {
	switch where {
	case "host":
		tried("be a reaper", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
		again("parent", 0)
		again("parent", unix.CLONE_NEWPID)
		for {
			pid, err := unix.Wait4(-1, nil, unix.WALL, nil)
			if err != nil {
				break
			}
			say(pid > 0, "reaped an orphan")
		}
	case "parent":
		for range 5 {
			cmd := exec.Command("/proc/self/exe", "orphan")
			cmd.Stdout = os.Stdout
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGUSR1}
			cmd.Start()
		}
		os.Exit(0)
	case "orphan":
		unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
		time.Sleep(20 * time.Millisecond)
	}
}
