package build

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// A scratch is an empty folder to compile in.
//
// Where the caller may mount, it is a tmpfs(5) that is mounted nowhere and
// reached by a descriptor of this process: it is gone with the process, however
// that ends. Else it is a temporary folder, which a kill leaves.
type scratch struct {
	dir     string
	mounted bool // it is a tmpfs: the caller has CAP_SYS_ADMIN
	remove  func() error
}

func newScratch() (*scratch, error) {
	if fd, err := detachedTmpfs(); err == nil {
		dir := fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd)
		return &scratch{dir: dir, mounted: true, remove: func() error { return unix.Close(fd) }}, nil
	}
	dir, err := os.MkdirTemp("", "pidone-build-")
	if err != nil {
		return nil, err
	}
	return &scratch{dir: dir, remove: func() error { return os.RemoveAll(dir) }}, nil
}

// detachedTmpfs makes a file system for at most a gigabyte: fsopen(2), fsmount(2).
func detachedTmpfs() (fd int, err error) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		return -1, err
	}
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1, err
	}
	defer unix.Close(fs)
	for key, value := range map[string]string{"size": "1g", "mode": "0700"} {
		if err := unix.FsconfigSetString(fs, key, value); err != nil {
			return -1, err
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return -1, err
	}
	return unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV)
}
