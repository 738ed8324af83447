package main

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// Dumps core, so that the machine's core_pattern runs a program on it.
func attack(where string) {
	switch where {
	case "host":
		nested("nested")
	case "container", "nested":
		tried("raise the limit", unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}))
		tried("lower the limit", unix.Prlimit(0, unix.RLIMIT_CORE, &unix.Rlimit{}, nil))
		var limit unix.Rlimit
		tried("read the limit", unix.Getrlimit(unix.RLIMIT_CORE, &limit))
		say(limit.Cur, "the limit, afterwards")
		tried("be dumpable", unix.Prctl(unix.PR_SET_DUMPABLE, 1, 0, 0, 0))
		put("/proc/self/coredump_filter", "0xff")
		for _, script := range []string{"kill -QUIT $$", "kill -SEGV $$", "kill -ABRT $$", "ulimit -c unlimited; kill -TRAP $$", "kill -SYS $$", "kill -XCPU $$"} {
			cmd := exec.Command("/bin/sh", "-c", script)
			err := cmd.Run()
			say(err, script)
			if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.CoreDump() {
				say("ok", "dumped core: "+script)
			}
		}
		names, _ := os.ReadDir(".")
		say(len(names), "files here")
	}
}
