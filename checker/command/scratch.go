package command

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// scratch makes the folder that testscript wants for every scenario, although
// ours put nothing there. It is the root of a file system that is mounted
// nowhere, so that nothing stays when the checker is killed, a full disk or a
// read-only clone is no matter, and cleaning up is the kernel's work. It
// becomes the working directory, as it has no other name: "." is returned.
//
// A session makes one.
func (s *session) scratch() (string, error) {
	s.once.Do(func() { s.scratchErr = enterScratch() })
	return ".", s.scratchErr
}

func enterScratch() error {
	fail := func(err error) error { return fmt.Errorf("make scratch folder: %w", err) }
	fs, err := unix.Fsopen("tmpfs", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return fail(err)
	}
	defer unix.Close(fs)
	for _, option := range [...][2]string{{"size", "1m"}, {"nr_inodes", "256"}, {"mode", "0700"}} {
		if err := unix.FsconfigSetString(fs, option[0], option[1]); err != nil {
			return fail(err)
		}
	}
	if err := unix.FsconfigCreate(fs); err != nil {
		return fail(err)
	}
	mount, err := unix.Fsmount(fs, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return fail(err)
	}
	defer unix.Close(mount) // the working directory holds it
	if err := unix.Fchdir(mount); err != nil {
		return fail(err)
	}
	return nil
}
