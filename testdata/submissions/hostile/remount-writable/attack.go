package main

import (
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Makes what is read-only writable, lays bare what is covered, and takes copies
// of mounts to do it there.
func attack(where string) {
	if where == "host" {
		nested("nested")
		return
	}
	data, _ := os.ReadFile("/proc/self/mountinfo")
	for line := range strings.Lines(string(data)) {
		p := strings.Fields(line)[4]
		tried("remount "+p, unix.Mount("", p, "", unix.MS_REMOUNT, ""))
		tried("remount bind "+p, unix.Mount("", p, "", unix.MS_REMOUNT|unix.MS_BIND, ""))
		attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
		tried("setattr "+p, unix.MountSetattr(unix.AT_FDCWD, p, unix.AT_RECURSIVE, &attr))
		if fd, err := unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE); err == nil {
			tried("setattr of a copy of "+p, unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &attr))
			if err := unix.MoveMount(fd, "", unix.AT_FDCWD, "/tmp", unix.MOVE_MOUNT_F_EMPTY_PATH); err == nil {
				marks("/tmp")
				unix.Unmount("/tmp", unix.MNT_DETACH)
			}
			unix.Close(fd)
		}
		if p != "/" && p != "/proc" && p != "/usr" {
			unix.Unmount(p, unix.MNT_DETACH)
		}
	}
	marks("")
	os.MkdirAll("/tmp/l/u", 0o755)
	os.MkdirAll("/tmp/l/w", 0o755)
	os.MkdirAll("/tmp/l/m", 0o755)
	if err := unix.Mount("overlay", "/tmp/l/m", "overlay", 0, "lowerdir=/tmp/l/u,upperdir=/usr/bin,workdir=/usr/lib,userxattr"); err == nil {
		marks("/tmp/l/m")
	}
	for _, fstype := range []string{"ext4", "xfs", "btrfs", "vfat", "iso9660", "squashfs", "fuse", "nfs", "cifs", "9p", "devtmpfs", "debugfs", "tracefs", "securityfs", "bpf", "configfs", "pstore", "efivarfs", "binfmt_misc"} {
		for _, source := range []string{"/dev/vda", "/dev/sda", "/tmp/disk", "none"} {
			if err := unix.Mount(source, "/mnt", fstype, 0, ""); err == nil {
				say("ok", "mount "+fstype+" from "+source)
				unix.Unmount("/mnt", unix.MNT_DETACH)
			}
		}
	}
}

func marks(base string) {
	for _, dir := range []string{"/", "/usr", "/usr/bin", "/usr/local", "/usr/lib", "/bin", "/etc"} {
		if strings.HasPrefix(dir, "/usr") || base == "" {
			tried("create in "+base+dir, os.WriteFile(base+dir+"/"+evil, []byte(evil), 0o755))
		}
	}
}
