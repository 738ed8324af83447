package main

import (
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// Enters and leaves namespaces again and again, on several threads at once.
func attack(where string) {
	if where != "host" {
		return
	}
	done := make(chan int)
	for i := range 4 {
		go func() {
			runtime.LockOSThread()
			moves := 0
			own, err := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/uts", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
			if err == nil && unix.Unshare(unix.CLONE_NEWUTS) == nil {
				other, _ := unix.Open(fmt.Sprintf("/proc/self/task/%d/ns/uts", unix.Gettid()), unix.O_RDONLY|unix.O_CLOEXEC, 0)
				for range 150 {
					if unix.Setns(own, unix.CLONE_NEWUTS) == nil && unix.Setns(other, 0) == nil {
						moves++
					}
					unix.Sethostname([]byte(fmt.Sprint("thread", i)))
				}
			}
			done <- moves
		}()
	}
	for range 4 {
		say(<-done, "moves")
	}
	name, _ := os.Hostname()
	say(name, "hostname")
}
