package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Fills the disk with bytes, then with names of empty files, links and folders.
func attack(where string) {
	if where != "container" {
		return
	}
	kb64 := make([]byte, 64<<10)
	total := 0
	for _, dir := range []string{"/tmp", "/work", "/dev/shm"} {
		var err error
		for i := 0; err == nil && i < 64; i++ {
			var fd int
			if fd, err = unix.Open(fmt.Sprint(dir, "/fill", i), unix.O_CREAT|unix.O_WRONLY|unix.O_CLOEXEC, 0o600); err != nil {
				break
			}
			for n := 0; err == nil && n < 8<<20; {
				var m int
				m, err = unix.Write(fd, kb64)
				n, total = n+max(m, 0), total+max(m, 0)
			}
			unix.Close(fd)
		}
		tried("fill "+dir, err)
	}
	say(total>>20 < 100, "at most 100 MiB")
	for _, dir := range []string{"/tmp", "/work", "/dev/shm"} {
		for i := range 64 {
			os.Remove(fmt.Sprint(dir, "/fill", i))
		}
	}
	files := 0
	var err error
	for err == nil && files < 1<<17 {
		if err = unix.Mknod(fmt.Sprint("/tmp/", files), unix.S_IFREG, 0); err == nil {
			files++
		}
	}
	tried("files", err)
	say(files < 20000, "at most 20000 files")
}
