package main

import (
	"bufio"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// mounts are attacks by way of mounts.
func mounts() map[string]func([]string) {
	return map[string]func([]string){
		"cover":    cover,
		"uncover":  uncover,
		"remount":  remount,
		"newapi":   newAPI,
		"settings": settings,
		"cgroups":  cgroups,
		"devices":  devices,
		"killall":  killAll,
	}
}

// mountPoints are those of this mount namespace, the deepest first.
func mountPoints() (points []string) {
	f, err := os.Open("/proc/self/mountinfo")
	must(err)
	defer f.Close()
	for sc := bufio.NewScanner(f); sc.Scan(); {
		points = append([]string{strings.Fields(sc.Text())[4]}, points...)
	}
	return points
}

// cover mounts over what the machine has too.
func cover([]string) {
	tried("bind", unix.Mount("/usr/lib", "/opt", "", unix.MS_BIND|unix.MS_REC, ""))
	for _, dir := range []string{"/tmp", "/usr", "/etc", "/home", "/mnt", "/"} {
		tried("mount on "+dir, unix.Mount("pidone-test", dir, "tmpfs", 0, "size=4k"))
	}
	tried("share", unix.Mount("", "/", "", unix.MS_SHARED|unix.MS_REC, ""))
	tried("move", unix.Mount("/usr", "/mnt", "", unix.MS_MOVE, ""))
}

// uncover unmounts everything, and lists what the root is then.
func uncover([]string) {
	points := mountPoints()
	for _, flags := range []int{0, unix.MNT_FORCE, unix.MNT_DETACH} {
		for _, p := range points {
			tried(fmt.Sprintf("umount %d %s", flags, p), unix.Unmount(p, flags))
		}
	}
	must(os.MkdirAll("/tmp/put", 0o755))
	tried("pivot_root", unix.PivotRoot("/tmp", "/tmp/put"))
	tried("pivot_root dots", unix.PivotRoot(".", "."))
	names, err := os.ReadDir("/")
	must(err)
	for _, n := range names {
		say("root", n.Name())
	}
	names, err = os.ReadDir("/usr/bin")
	say(err == nil && len(names) > 10, "/usr is still there")
}

// remount makes what is read-only writable.
func remount([]string) {
	for _, p := range mountPoints() {
		if p == "/" || p == "/usr" || strings.HasPrefix(p, "/usr/") || p == "/secret" || p == "/hidden" {
			tried("remount bind "+p, unix.Mount("", p, "", unix.MS_REMOUNT|unix.MS_BIND, ""))
			tried("remount "+p, unix.Mount("", p, "", unix.MS_REMOUNT, ""))
			attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV}
			tried("setattr "+p, unix.MountSetattr(unix.AT_FDCWD, p, unix.AT_RECURSIVE, &attr))
		}
	}
	must(os.MkdirAll("/tmp/copy", 0o755))
	must(unix.Mount("/usr", "/tmp/copy", "", unix.MS_BIND|unix.MS_REC, ""))
	tried("remount copy", unix.Mount("", "/tmp/copy", "", unix.MS_REMOUNT|unix.MS_BIND, ""))
	tried("create in copy", os.WriteFile("/tmp/copy/bin/evil", nil, 0o755))
	must(os.MkdirAll("/tmp/layers/upper", 0o755))
	must(os.MkdirAll("/tmp/layers/work", 0o755))
	must(os.MkdirAll("/tmp/layers/merged", 0o755))
	// An overlay of one's own over /usr may be written to: it takes the writes.
	err := unix.Mount("overlay", "/tmp/layers/merged", "overlay", 0, "lowerdir=/usr,upperdir=/tmp/layers/upper,workdir=/tmp/layers/work,userxattr")
	tried("overlay", err)
	if err == nil {
		tried("overlay write", os.WriteFile("/tmp/layers/merged/bin/pidone-evil", nil, 0o755))
	}
	tried("mknod", unix.Mknod("/tmp/null", unix.S_IFCHR|0o666, int(unix.Mkdev(1, 3))))
	tried("mknod block", unix.Mknod("/tmp/disk", unix.S_IFBLK|0o666, int(unix.Mkdev(254, 0))))
	must(unix.Mknod("/tmp/fifo", unix.S_IFIFO|0o666, 0))
}

// newAPI takes copies of mounts by descriptor and makes them writable.
func newAPI([]string) {
	for _, p := range []string{"/", "/usr"} {
		fd, err := unix.OpenTree(unix.AT_FDCWD, p, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		tried("open_tree "+p, err)
		if err == nil {
			attr := unix.MountAttr{Attr_clr: unix.MOUNT_ATTR_RDONLY}
			tried("writable "+p, unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH, &attr))
			unix.Close(fd)
		}
	}
	for _, fstype := range []string{"ext4", "xfs", "btrfs", "fuse", "nfs", "devtmpfs", "debugfs", "tracefs", "securityfs", "bpf", "configfs", "pstore", "efivarfs", "hugetlbfs"} {
		fd, err := unix.Fsopen(fstype, 0)
		tried("fsopen "+fstype, err)
		if err == nil {
			unix.Close(fd)
		}
		tried("mount "+fstype, unix.Mount("/dev/vda", "/mnt", fstype, 0, ""))
	}
}

// settings tries to write the kernel's settings that belong to the machine.
func settings([]string) {
	for _, path := range []string{
		"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/kernel/sysrq", "/proc/sys/vm/drop_caches",
		"/proc/sys/kernel/modprobe", "/proc/sys/kernel/hotplug", "/proc/sys/kernel/poweroff_cmd", "/proc/sys/vm/overcommit_memory",
		"/proc/sys/kernel/panic", "/proc/sys/kernel/randomize_va_space", "/proc/sys/fs/file-max", "/proc/sys/fs/mount-max",
		"/proc/sys/fs/protected_symlinks", "/proc/sys/fs/suid_dumpable", "/proc/sys/kernel/threads-max",
		"/proc/sys/vm/panic_on_oom", "/proc/sys/kernel/unprivileged_bpf_disabled", "/proc/kcore", "/proc/kmsg", "/proc/kpageflags",
	} {
		open("write "+path, path, unix.O_WRONLY)
	}
	for _, path := range []string{"/proc/kcore", "/proc/kmsg", "/proc/kpagecount", "/proc/vmallocinfo"} {
		open("read "+path, path, unix.O_RDONLY)
	}
	// Limits of the sandbox's own user namespace, seen from it and from below.
	for _, kind := range []string{"user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"} {
		open("raise "+kind+" namespaces", "/proc/sys/user/max_"+kind+"_namespaces", unix.O_WRONLY)
	}
	sysfs := unix.Mount("sysfs", "/sys", "sysfs", 0, "")
	tried("mount sysfs", sysfs)
	if sysfs == nil {
		for _, path := range []string{"/sys/kernel/uevent_helper", "/sys/power/state", "/sys/power/disk", "/sys/kernel/mm/ksm/run"} {
			open("write "+path, path, unix.O_WRONLY)
		}
	}
	must(os.MkdirAll("/tmp/proc", 0o755))
	// A fresh proc of a namespace of one's own, as a container has it.
	err := unix.Mount("proc", "/tmp/proc", "proc", 0, "")
	tried("mount proc", err)
	if err == nil {
		open("write core_pattern in fresh proc", "/tmp/proc/sys/kernel/core_pattern", unix.O_WRONLY)
		open("write sysrq-trigger in fresh proc", "/tmp/proc/sysrq-trigger", unix.O_WRONLY)
	}
}

// cgroups mounts every cgroup hierarchy and lists what can be written there.
func cgroups([]string) {
	controllers := []string{"none,name=pidone-evil", "name=systemd"}
	f, err := os.Open("/proc/cgroups")
	must(err)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if name := strings.Fields(sc.Text())[0]; !strings.HasPrefix(name, "#") {
			controllers = append(controllers, name)
		}
	}
	try := func(fstype, options string) {
		dir := "/tmp/cgroup/" + fstype + strings.ReplaceAll(options, "/", "")
		must(os.MkdirAll(dir, 0o755))
		err := unix.Mount("cgroup", dir, fstype, 0, options)
		tried("mount "+fstype+" "+options, err)
		if err != nil {
			return
		}
		seen := 0
		filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
			case d.IsDir():
				if err := os.Mkdir(path+"/evil", 0o755); err == nil {
					say("made", path)
					os.Remove(path + "/evil")
				}
			default:
				seen++
				if fd, err := unix.Open(path, unix.O_WRONLY|unix.O_CLOEXEC, 0); err == nil {
					unix.Close(fd)
					say("writable", path)
				}
			}
			return nil
		})
		say(seen > 0, "looked at "+fstype+" "+options)
		must(unix.Unmount(dir, 0))
	}
	try("cgroup2", "")
	for _, c := range controllers {
		try("cgroup", c)
	}
}

// killAll ends all that is in its cgroup, as far as it sees.
func killAll([]string) {
	must(os.MkdirAll("/tmp/cgroup", 0o755))
	err := unix.Mount("cgroup", "/tmp/cgroup", "cgroup2", 0, "")
	tried("mount", err)
	if err != nil {
		return
	}
	for _, dir := range []string{"/tmp/cgroup/evil", "/tmp/cgroup/evil/evil"} {
		tried("make "+dir, os.Mkdir(dir, 0o755))
	}
	for _, x := range [][2]string{{"memory.max", "max"}, {"pids.max", "max"}, {"cgroup.max.descendants", "max"}, {"cgroup.kill", "1"}} {
		fd, err := unix.Open("/tmp/cgroup/"+x[0], unix.O_WRONLY, 0)
		if err == nil {
			_, err = unix.Write(fd, []byte(x[1]))
		}
		tried("write "+x[0], err)
	}
	tried("make again", os.Mkdir("/tmp/cgroup/again", 0o755))
}

// devices lists the device nodes there are and tries what they allow.
func devices([]string) {
	filepath.WalkDir("/dev", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type()&fs.ModeDevice != 0 {
			say("device", path)
			tried("chmod "+path, unix.Chmod(path, 0o600))
			tried("chown "+path, unix.Chown(path, 0, 0))
			tried("unlink "+path, unix.Unlink(path))
		}
		return nil
	})
	open("write null", "/dev/null", unix.O_WRONLY)
	open("read random", "/dev/urandom", unix.O_RDONLY)
}
