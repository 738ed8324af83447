package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Leaves a daemon behind, twice forked, in a session of its own, that waits for
// its parent's end before it does harm.
func attack(where string) {
	switch where {
	case "host":
		start("daemon")
	case "daemon":
		for i := 3; i < 100; i++ {
			unix.Close(i + 100)
		}
		start("daemon-of-daemon")
		os.Exit(0)
	case "daemon-of-daemon":
		unix.Prctl(unix.PR_SET_NAME, 0, 0, 0, 0)
		for os.Getppid() != 1 {
			time.Sleep(time.Millisecond)
		}
		for {
			time.Sleep(10 * time.Millisecond)
			for _, dir := range []string{"/tmp", "/root", "/home", "/usr/bin", "/dev/shm"} {
				os.WriteFile(strings.Join([]string{dir, evil}, "/"), []byte(evil), 0o666)
			}
		}
	}
}

func start(role string) {
	cmd := exec.Command("/proc/self/exe", role)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	tried("start the "+role, cmd.Start())
}
