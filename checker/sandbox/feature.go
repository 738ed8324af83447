package sandbox

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Features that some exercises need, and others do not. Scenarios name them.
const (
	// CgroupV2 is a group of cgroup v2 in which a sandbox can be given one of its
	// own with the controllers memory, cpu and pids.
	CgroupV2 = "cgroup2"
)

// ProbeFeature tries one of the features that some exercises need.
func ProbeFeature(_ context.Context, name string) Feature {
	switch name {
	case CgroupV2:
		return probeCgroup2()
	}
	return Feature{Name: name, Answer: CouldNotTell, Why: "nothing is known of a feature of that name", Optional: true}
}

func probeCgroup2() Feature {
	f := Feature{Name: CgroupV2, Answer: Yes, Optional: true}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	self, selfErr := os.ReadFile("/proc/self/cgroup")
	if err = errors.Join(err, selfErr); err != nil {
		f.Answer, f.Why = CouldNotTell, err.Error()
		return f
	}
	dirs, v2, err := groupDirs(mounts, self)
	switch {
	case err == nil && !v2:
		err = errors.New("the controllers of this machine are on cgroup v1")
	case err == nil:
		control, readErr := os.ReadFile(filepath.Join(dirs[0], "cgroup.subtree_control"))
		if err = readErr; err == nil && !slices.Contains(strings.Fields(string(control)), "cpu") {
			err = fmt.Errorf("no cpu controller in %s", dirs[0])
		}
	}
	if err != nil {
		f.Answer, f.Why = No, err.Error()
		f.Remedy = "check it in the VM, which has cgroup v2: VM=1; on a machine with systemd: systemd-run --user --scope -p Delegate=yes make check ..."
	}
	return f
}
