package main

import (
	"os"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Many threads become another program at the same moment, again and again;
// others exit, or make processes meanwhile.
func attack(where string) {
	rest, ok := strings.CutPrefix(where, "again")
	switch {
	case where == "host", where == "container":
		for range 3 {
			again("again", 0)
		}
		return
	case !ok || len(rest) >= 2:
		os.Exit(0)
	}
	start := make(chan bool)
	for i := range 24 {
		go func() {
			runtime.LockOSThread()
			<-start
			switch i % 4 {
			case 0:
				return // the thread ends
			case 1:
				if pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0); errno == 0 && pid == 0 {
					for {
						unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
					}
				}
			}
			unix.Exec("/proc/self/exe", []string{"main", where + "x"}, nil)
		}()
	}
	close(start)
	time.Sleep(time.Second)
}
