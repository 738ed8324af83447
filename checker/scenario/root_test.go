package scenario

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func TestProcThatIsCovered(t *testing.T) {
	o := judgeRecorded(t, ex04, "solution", 4, views(func(v *evidence.View) {
		for i := range v.Mounts {
			v.Mounts[i].Covered = v.Mounts[i].Point == "/proc"
		}
		v.Mounts = append(v.Mounts, evidence.Mount{Point: "/proc", FSType: "tmpfs"})
		v.Proc, v.ProcPIDs = false, 0
	}))
	require.Len(t, o.Findings, 1)
	assert.Equal(t, "proc-missing", o.Findings[0].Cause)
	assert.Equal(t, "a proc file system is mounted there, and the tmpfs lies over it", o.Findings[0].Why)
}

func TestARootInTheImagesPlace(t *testing.T) {
	o := judgeRecorded(t, ex04, "solution", 3, views(func(v *evidence.View) { v.Image = false }))
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "wrong-root", o.Findings[0].Cause)
	assert.Equal(t, "the command's root directory is another one that is mounted on /fs/box/rootfs, with files that are not the image's", o.Findings[0].Saw)
}

// Arguments are said to have been joined only where that is what the command got.
func TestWhatBecameOfTheArguments(t *testing.T) {
	for why, args := range map[string][]string{
		"empty ones were left out":                   {"say", "two words", `$HOME "quoted"`, "-x", "--"},
		"they were joined and split again at blanks": {"say", "two", "words", "", "$HOME", `"quoted"`, "-x", "--"},
		"they were joined":                           {`say two words  $HOME "quoted" -x --`},
		"":                                           {"say", "two words", "", `$HOME "quoted"`},
	} {
		o := judgeRecorded(t, ex04, "solution", 1, func(run *evidence.Run) {
			for _, p := range run.Processes {
				for i, e := range p.Execs {
					if e.Payload && len(e.Argv) > 5 {
						p.Execs[i].Argv = append([]string{"/opt/payload"}, args...)
					}
				}
			}
		})
		require.NotEmpty(t, o.Findings, why)
		assert.Equal(t, "command-args", o.Findings[0].Cause, why)
		assert.Equal(t, why, o.Findings[0].Why)
	}
}

func TestAnotherProgramInThePayloadsPlace(t *testing.T) {
	o := judgeRecorded(t, ex04, "solution", 1, func(run *evidence.Run) {
		for _, p := range run.Processes {
			for i := range p.Execs {
				p.Execs[i].Payload = false
			}
		}
	})
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "command-not-run", o.Findings[0].Cause)
	assert.Equal(t, `what the container executed as "/opt/payload" is another program than the payload`, o.Findings[0].Saw)
}

// A root that was changed is the host's all the same where another thread went on.
func TestTheRootOfAnotherThread(t *testing.T) {
	toHost := views(func(v *evidence.View) { v.Host, v.Image = true, false })
	o := judgeRecorded(t, ex04, "solution", 3, toHost)
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "no-root", o.Findings[0].Cause)
	assert.Contains(t, o.Findings[0].Why, "of one thread alone")

	o = judgeRecorded(t, ex04, "solution", 3, func(run *evidence.Run) {
		toHost(run)
		for _, e := range run.Events {
			if e.Call == "chroot" {
				e.After.Root = "/"
			}
		}
	})
	require.NotEmpty(t, o.Findings)
	assert.Contains(t, o.Findings[0].Why, "that is the host's root")
}

// A folder with mounts below it is bound without them by real root alone.
func TestABindMountThatTheSandboxRefuses(t *testing.T) {
	f := &facts{run: &evidence.Run{Host: evidence.Host{Mounts: []string{"/", "/dev", "/dev/shm", "/work"}}}}
	for source, refused := range map[string]bool{"/": true, "/dev": true, "/dev/": true, "/work": false, "/de": false, "dev": false} {
		assert.Equal(t, refused, f.withoutBelow(&evidence.Event{Call: "mount", Flags: []string{"MS_BIND"}, Source: source}), source)
	}
	assert.False(t, f.withoutBelow(&evidence.Event{Call: "mount", Flags: []string{"MS_BIND", "MS_REC"}, Source: "/dev"}))
}

func TestWaysThroughProc(t *testing.T) {
	why := ""
	way := func(w evidence.Way) string {
		w.PID = 1
		o := judgeRecorded(t, ex04, "solution", 3, views(func(v *evidence.View) { v.Outside = []evidence.Way{w} }))
		require.Len(t, o.Findings, 1)
		assert.Equal(t, "host-through-proc", o.Findings[0].Cause)
		why = o.Findings[0].Why
		return o.Findings[0].Saw
	}
	assert.Contains(t, way(evidence.Way{FD: -1}), "/proc/1/root leads")
	assert.Contains(t, way(evidence.Way{FD: -1, Dir: true}), "/proc/1/cwd leads")
	assert.Contains(t, way(evidence.Way{FD: -1, Thread: 7}), "/proc/1/task/7/root leads")
	assert.Contains(t, why, "a root directory of its own")
	assert.Contains(t, way(evidence.Way{FD: -1, Thread: 7, Dir: true}), "/proc/1/task/7/cwd leads")
	assert.Contains(t, why, "a working directory of its own")
	assert.Contains(t, way(evidence.Way{FD: 4, To: "/"}), "/proc/1/fd/4 leads the command out")
	assert.Contains(t, way(evidence.Way{FD: 4, Namespace: "mnt"}), "to the host's mount namespace")
	assert.Contains(t, way(evidence.Way{FD: 4, Group: true}), "to a file of a control group")
}

// What was not looked at, or not kept, may lead out.
func TestMoreWaysThanAreLookedAt(t *testing.T) {
	for cut, saw := range map[string]string{
		"descriptors": "more open files than can be recorded",
		"mounts":      "more mounts than can be recorded",
		"threads":     "more threads than can be recorded",
		"text":        "more paths and arguments than can be recorded",
		"execs":       "",
	} {
		o := judgeRecorded(t, ex04, "solution", 3, func(run *evidence.Run) { run.End.Cut = []string{cut} })
		if saw == "" {
			assert.Empty(t, o.Findings, cut)
			continue
		}
		require.Len(t, o.Findings, 1, cut)
		assert.Equal(t, saw, o.Findings[0].Saw)
	}
}

func TestASecondProc(t *testing.T) {
	for name, host := range map[string]bool{"of the container": false, "of the host": true} {
		o := judgeRecorded(t, ex04, "solution", 3, func(run *evidence.Run) {
			pids := uint64(1)
			if host {
				pids = run.Host.Namespaces["pid"]
			}
			mounted(evidence.Mount{Point: "/tmp", FSType: "proc", Root: "/", PIDs: pids})(run)
		})
		if !host {
			assert.Empty(t, o.Findings, name)
			continue
		}
		require.Len(t, o.Findings, 1, name)
		assert.Equal(t, "proc-of-host", o.Findings[0].Cause)
		assert.Contains(t, o.Findings[0].Saw, `at "/tmp" in the container`)
	}
}

func TestVolumesThatWereAskedFor(t *testing.T) {
	for _, c := range []struct {
		option string
		mounts []evidence.Mount
		reach  bool
	}{
		{"/usr:/host", []evidence.Mount{{Point: "/host", Host: "/usr"}, {Point: "/host/lib", Host: "/usr/lib"}}, false},
		{"/:/host:ro", []evidence.Mount{{Point: "/host", Host: "/"}, {Point: "/host/proc", Host: "/proc"}}, false},
		{"/usr:/host", []evidence.Mount{{Point: "/hosts", Host: "/usr"}}, true},
		{"/usr:/host", []evidence.Mount{{Point: "/host", Host: "/etc"}}, true},
		{"/usr", []evidence.Mount{{Point: "/usr", Host: "/usr"}}, true},
	} {
		o := judgeRecorded(t, ex04, "solution", 3, func(run *evidence.Run) {
			run.Args = append([]string{"run", "-v", c.option}, run.Args[1:]...)
			mounted(c.mounts...)(run)
		})
		assert.Equal(t, c.reach, len(o.Findings) > 0, "%v", c)
	}
}

func TestWhyPivotRootIsRefused(t *testing.T) {
	run := &evidence.Run{
		Processes: []*evidence.Process{{Creator: -1}},
		Events:    []*evidence.Event{{Seq: 1, Call: "mount", Flags: []string{"MS_PRIVATE"}, After: &evidence.State{Namespaces: evidence.Namespaces{"mnt": 2}}}},
	}
	f := &facts{run: run, first: run.First()}
	for _, c := range []struct{ source, errno, missing, why string }{
		{"/fs/box", "EINVAL", "", "lies above the new root"},
		{"/tmp", "EINVAL", "", "does not lie at or below"},
		{"/fs/box/rootfs/old", "EINVAL", "", "has to be a mount point"},
		{"/fs/box/rootfs/old", "ENOENT", "source", "no folder"},
	} {
		var b because
		e := &evidence.Event{Seq: 9, Call: "pivot_root", Path: "/fs/box/rootfs", Source: c.source, Errno: c.errno, Missing: c.missing, After: run.Events[0].After}
		assert.True(t, f.refusedPivot(e, &b))
		assert.Contains(t, b.why, c.why)
	}
}

// A mount that only real root may make leaves open what would have come of the program,
// but not what it had done to the host.
func TestBeyondTheSandboxsRoot(t *testing.T) {
	k, first := newKernel(RunSpec{})
	child := first.start(isolated...)
	child.refuse("mount", "EPERM").FSType = "sysfs"
	child.exit(1)
	first.wait(child).exit(1)
	run := k.over()
	run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
	f, err := study(run)
	require.NoError(t, err)
	for cause, what := range map[string]string{
		"root-refused": "mount sysfs", "command-not-run": "mount sysfs",
		"mount-on-host": "", "mount-leaks": "", "host-made-private": "", "host-root-changed": "",
	} {
		assert.Equal(t, what, f.beyond(&failure{"", because{cause: cause}}), cause)
	}
}
