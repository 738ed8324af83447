package main

import (
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Looks for who watches it: a tracer, a filter, time that is lost, a host that
// is too young.
func attack(where string) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if key == "TracerPid" || key == "Seccomp" || key == "Seccomp_filters" || key == "NoNewPrivs" {
			say(strings.TrimSpace(value), key)
		}
	}
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		data, _ := os.ReadFile("/proc/" + d.Name() + "/cmdline")
		for _, sign := range []string{"checker", "strace", "gdb", "pidone"} {
			if strings.Contains(string(data), sign) {
				say("ok", "found "+sign+" at work")
			}
		}
	}
	call("be traced", unix.SYS_PTRACE, unix.PTRACE_TRACEME)
	start := time.Now()
	for range 300 {
		unix.Chdir(".")
	}
	say(time.Since(start) > 300*20*time.Microsecond, "time is lost")
	_, err := os.ReadFile("/proc/self/syscall")
	tried("read the call that it is in", err)
	wchan, _ := os.ReadFile("/proc/self/wchan")
	say(string(wchan), "waits in")
}
