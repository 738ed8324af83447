package scenario

import (
	"context"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// judgeRecorded judges one step of a recording, changed by change.
func judgeRecorded(t *testing.T, exercise, name string, step int, change func(*evidence.Run)) Outcome {
	t.Helper()
	r, err := ReadRecording(filepath.Join("../../testdata/evidence", exercise, name+".json"))
	require.NoError(t, err)
	for _, run := range r.Runs {
		change(run.Run)
	}
	o, err := Judge(context.Background(), Script{
		Path: files(t, exercise)[step-1], Exercise: exercise, Step: step, WorkDir: t.TempDir(),
		Passed: map[int]bool{1: true, 2: true, 3: true, 4: true, 5: true},
	}, r.Run)
	require.NoError(t, err)
	require.NoError(t, o.Err)
	return o
}

// views calls change with what each command could reach.
func views(change func(*evidence.View)) func(*evidence.Run) {
	return func(run *evidence.Run) {
		for _, p := range run.Processes {
			for i := range p.Execs {
				if p.Execs[i].View != nil {
					change(p.Execs[i].View)
				}
			}
		}
	}
}

// mounted adds mounts to what each command could reach.
func mounted(more ...evidence.Mount) func(*evidence.Run) {
	return views(func(v *evidence.View) { v.Mounts = append(v.Mounts, more...) })
}

func TestASecondWayToAReadOnlyVolume(t *testing.T) {
	const data = "/work/data"
	var at evidence.Mount
	judgeRecorded(t, ex06, "solution", 4, views(func(v *evidence.View) {
		if m := mountAt(v, "/data"); m != nil && m.Host == data {
			at = *m
		}
	}))
	require.True(t, strings.HasSuffix(at.Root, data))
	above := func(point, host string) evidence.Mount {
		return evidence.Mount{Point: point, Host: host, Device: at.Device, Root: path.Join(strings.TrimSuffix(at.Root, data), host)}
	}
	for name, c := range map[string]struct {
		mounts []evidence.Mount
		at     string // "": it passes
	}{
		"none":            {nil, ""},
		"writable":        {[]evidence.Mount{{Point: "/x", Host: data}}, "/x"},
		"read-only":       {[]evidence.Mount{{Point: "/x", Host: data, ReadOnly: true}}, ""},
		"below the other": {[]evidence.Mount{{Point: "/data", Host: data, Covered: true}}, ""},
		"asked for":       {[]evidence.Mount{{Point: "/more", Host: data}, {Point: "/more", Host: "/work/more"}}, ""},
		"of a like name":  {[]evidence.Mount{{Point: "/x", Host: "/work/dat"}, {Point: "/y", Host: data + "/in"}}, ""},

		"in another folder":         {[]evidence.Mount{above("/x", "/work")}, "/x/data"},
		"in the host's root":        {[]evidence.Mount{above("/old", "/")}, "/old/work/data"},
		"in one of a like name":     {[]evidence.Mount{above("/x", "/wor")}, ""},
		"in one asked for":          {[]evidence.Mount{above("/more", "/work"), {Point: "/more", Host: "/work/more"}}, ""},
		"in one of another device":  {[]evidence.Mount{{Point: "/x", Host: "/work", Device: "9:9", Root: "/work"}}, ""},
		"in one that is read-only":  {[]evidence.Mount{{Point: "/x", Host: "/work", Device: at.Device, Root: "/work", ReadOnly: true}}, ""},
		"with a mount on the way":   {[]evidence.Mount{above("/old", "/"), {Point: "/old/work", FSType: "tmpfs", ReadOnly: true}}, ""},
		"with another, as writable": {[]evidence.Mount{above("/old", "/"), above("/old/work", "/work")}, "/old/work/data"},
	} {
		o := judgeRecorded(t, ex06, "solution", 4, mounted(c.mounts...))
		if c.at == "" {
			assert.Empty(t, o.Findings, name)
			continue
		}
		require.Len(t, o.Findings, 1, name)
		assert.Contains(t, []string{"volume-writable", "host-mounted", "old-root"}, o.Findings[0].Cause, name)
		assert.Contains(t, o.Findings[0].Saw, `"`+c.at+`"`, name)
	}
}

func TestAReadOnlyVolumeThatIsOpen(t *testing.T) {
	for want, way := range map[string]evidence.Way{
		"":                       {FD: 3, To: "/work/data2"},
		"at /proc/self/fd/3,":    {FD: 3, To: "/work/data"},
		"at /proc/self/cwd,":     {FD: -1, To: "/work/data"},
		"at /proc/1/task/4/cwd,": {FD: -1, PID: 1, Thread: 4, Dir: true, To: "/work/data"},
		"at /proc/1/root,":       {FD: -1, PID: 1, To: "/work/data"},
	} {
		o := judgeRecorded(t, ex06, "solution", 4, views(func(v *evidence.View) { v.Outside = append(v.Outside, way) }))
		if want == "" {
			assert.Empty(t, o.Findings)
			continue
		}
		require.Len(t, o.Findings, 1, want)
		assert.Equal(t, "volume-writable", o.Findings[0].Cause)
		assert.Contains(t, o.Findings[0].Saw, want)
	}
}

// What was not looked at may be another way to it.
func TestAReadOnlyVolumeAmongManyMounts(t *testing.T) {
	o := judgeRecorded(t, ex06, "solution", 4, func(run *evidence.Run) { run.End.Cut = []string{"mounts"} })
	require.Len(t, o.Findings, 1)
	assert.Equal(t, "more mounts than can be recorded", o.Findings[0].Saw)
	o = judgeRecorded(t, ex06, "solution", 3, func(run *evidence.Run) { run.End.Cut = []string{"mounts"} })
	assert.Empty(t, o.Findings)
}

// later has each command see these mounts at its end, besides those of the start.
func later(more evidence.Mount) func(*evidence.Run) {
	return func(run *evidence.Run) {
		for _, p := range run.Processes {
			if n := len(p.Execs); n > 0 && p.Execs[n-1].View != nil {
				p.Mounts = append(slices.Clone(p.Execs[n-1].View.Mounts), more)
			}
		}
	}
}

func TestWhatIsMountedWhenTheCommandRuns(t *testing.T) {
	o := judgeRecorded(t, ex06, "solution", 4, later(evidence.Mount{Point: "/data", Host: "/work/data"}))
	require.Len(t, o.Findings, 1)
	assert.Equal(t, "volume-writable", o.Findings[0].Cause)
	assert.Contains(t, o.Findings[0].Why, "no longer when that ended")

	o = judgeRecorded(t, ex04, "solution", 3, later(evidence.Mount{Point: "/mnt", Host: "/"}))
	require.Len(t, o.Findings, 1)
	assert.Equal(t, "old-root", o.Findings[0].Cause)
	assert.Contains(t, o.Findings[0].Why, "running already")

	o = judgeRecorded(t, ex04, "solution", 3, later(evidence.Mount{Point: "/mnt", FSType: "tmpfs"}))
	assert.Empty(t, o.Findings)
}

func TestACoveredVolume(t *testing.T) {
	cover := func(run *evidence.Run) {
		views(func(v *evidence.View) {
			for i := range v.Mounts {
				v.Mounts[i].Covered = strings.HasPrefix(v.Mounts[i].Point, "/srv/")
			}
			v.Mounts = append(v.Mounts, evidence.Mount{Point: "/srv", FSType: "overlay"})
		})(run)
		run.Host.Found = nil
	}
	o := judgeRecorded(t, ex06, "solution", 3, cover)
	require.NotEmpty(t, o.Findings)
	assert.Equal(t, "volume-missing", o.Findings[0].Cause)
	assert.Equal(t, "an overlay is mounted over it, at /srv", o.Findings[0].Why)
	assert.Equal(t, 1, o.Findings[0].Follows, "what was written there follows from it")
}

func TestWhyABindMountIsRefused(t *testing.T) {
	run := &evidence.Run{
		Args:      []string{"run", "-v", "data:/data:ro", "box", "/opt/payload"},
		Processes: []*evidence.Process{{Creator: -1, Born: evidence.State{Dir: "/work"}}},
		Events:    []*evidence.Event{{Seq: 5, Call: "chroot", Path: "/fs/box/rootfs"}},
	}
	f := &facts{run: run, first: run.First(), events: map[int][]*evidence.Event{0: run.Events}}
	bind := func(seq int, source, missing string) because {
		return f.bindRefused(&evidence.Event{Seq: seq, Call: "mount", Source: source, Path: "/fs/box/rootfs/data", Errno: "ENOENT", Missing: missing})
	}
	assert.Contains(t, bind(9, "data", "source").why, "chroot")
	assert.Contains(t, bind(9, "data", "path").why, `no "/fs/box/rootfs/data" to mount it on`)
	assert.Contains(t, bind(1, "data", "path").try, "mount point first")
	assert.Contains(t, bind(1, "date", "source").why, `no "date" where it is called`)
	assert.Contains(t, bind(1, "/data", "source").why, "behind the colon")
	assert.Empty(t, bind(1, "data", "").why)
	assert.Equal(t, "look at the flags and at both paths", f.bindRefused(&evidence.Event{Errno: "EINVAL"}).try)
}
