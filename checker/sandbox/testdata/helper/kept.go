package main

import (
	"bytes"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// kept are attacks on the next run of the same program, by a file that it will have too.
func kept() map[string]func([]string) {
	return map[string]func([]string){
		// tail writes behind the end of a file, where a mapping of its last page can.
		"tail": func(args []string) { onTail(args[0], func(tail []byte) { copy(tail, "SECRET") }) },
		"tail-shown": func(args []string) {
			onTail(args[0], func(tail []byte) { fmt.Println("tail", len(tail), len(bytes.Trim(tail, "\x00"))) })
		},
		// in-flight leaves a locked file open in a message that nobody takes any more.
		"in-flight": func(args []string) {
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
			tried("socketpair", err)
			fd, err := unix.Open(args[0], unix.O_RDONLY, 0)
			tried("open", err)
			tried("flock", unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB))
			tried("send", unix.Sendmsg(pair[0], []byte("x"), unix.UnixRights(fd, pair[0], pair[1]), nil, 0))
		},
		"locked": func(args []string) {
			fd, err := unix.Open(args[0], unix.O_RDONLY, 0)
			tried("open", err)
			tried("flock", unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB))
		},
		"xattr": func(args []string) {
			for _, name := range args {
				tried("setxattr", unix.Setxattr(name, "user.kept", []byte("x"), 0))
			}
		},
		"xattr-shown": func(args []string) {
			for _, name := range args {
				n, _ := unix.Getxattr(name, "user.kept", make([]byte, 8))
				fmt.Println("xattr", n)
			}
		},
		// flags sets those that chattr(1) knows and root of a sandbox may set.
		"flags": func(args []string) {
			for _, name := range args {
				fd, err := unix.Open(name, unix.O_RDONLY, 0)
				tried("open", err)
				tried("flags", unix.IoctlSetPointerInt(fd, unix.FS_IOC_SETFLAGS, noDump|noATime))
			}
		},
		"flags-shown": func(args []string) {
			for _, name := range args {
				fd, err := unix.Open(name, unix.O_RDONLY, 0)
				tried("open", err)
				flags, _ := unix.IoctlGetInt(fd, unix.FS_IOC_GETFLAGS)
				fmt.Println("flags", flags&(noDump|noATime))
			}
		},
	}
}

// Flags of FS_IOC_SETFLAGS, ioctl_iflags(2).
const noDump, noATime = 0x40, 0x80

func onTail(name string, do func(tail []byte)) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	tried("open", err)
	info, err := f.Stat()
	tried("stat", err)
	page := int64(os.Getpagesize())
	whole := (info.Size() + page - 1) / page * page
	m, err := unix.Mmap(int(f.Fd()), 0, int(whole), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	tried("mmap", err)
	do(m[info.Size():])
}
