package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Namespaces are entered by threads: let it be one, and the same each time.
func init() { runtime.LockOSThread() }

// Renames every machine that can be reached.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for _, file := range []string{"hostname", "domainname", "osrelease", "version"} {
		put("/proc/sys/kernel/"+file, evil)
	}
	put("/etc/hostname", evil)
	tried("sethostname", unix.Sethostname([]byte(evil)))
	tried("setdomainname", unix.Setdomainname([]byte(evil)))
	// And the machines of others.
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		fd, err := unix.Open("/proc/"+d.Name()+"/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			if err = unix.Setns(fd, unix.CLONE_NEWUTS); err == nil {
				tried("rename that of a process", unix.Sethostname([]byte(evil)))
			}
			unix.Close(fd)
		}
		if d.Name() == "1" {
			tried("enter that of init", err)
		}
	}
	for pid := 1; pid < 400; pid++ {
		if fd, err := unix.PidfdOpen(pid, 0); err == nil {
			tried(fmt.Sprint("enter that of pidfd ", pid), unix.Setns(fd, unix.CLONE_NEWUTS))
			unix.Close(fd)
		}
	}
}
