package scenario

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// A forgery is what a kernel would have shown of a run of 05's solution that went
// otherwise: which of its commands, what was different, and which steps tell what.
type forgery struct {
	name, command string
	change        func(run *evidence.Run, command *evidence.Process)
	causes        map[int][]string
}

const home = "/my-container" // the solution's group

// seenAt returns the looks of a kind.
func seenAt(run *evidence.Run, when string) (all []*evidence.Groups) {
	for i := range run.Groups {
		if run.Groups[i].When == when {
			all = append(all, &run.Groups[i])
		}
	}
	return all
}

// put moves a process into a group in one look.
func put(look *evidence.Groups, process int, group string) {
	for i := range look.All {
		g := &look.All[i]
		var rest []int
		for _, id := range g.Processes {
			if id != process {
				rest = append(rest, id)
			}
		}
		if g.Path == group {
			rest = append(rest, process)
		}
		g.Processes = rest
	}
}

// dropGroup takes a group out of a look.
func dropGroup(look *evidence.Groups, path string) {
	for i := range look.All {
		if look.All[i].Path == path {
			look.All = append(look.All[:i], look.All[i+1:]...)
			return
		}
	}
}

func forgeries() []forgery {
	exit := func(run *evidence.Run) *evidence.Groups {
		all := seenAt(run, evidence.GroupsAtExit)
		return all[len(all)-1]
	}
	return []forgery{
		{"nothing", "say", func(*evidence.Run, *evidence.Process) {}, nil},
		{"the command is taken out of its group", "say", func(run *evidence.Run, p *evidence.Process) {
			put(exit(run), p.ID, "/session.scope")
		}, map[int][]string{1: {"not-in-group"}}},
		{"the first process comes in meanwhile", "say", func(run *evidence.Run, _ *evidence.Process) {
			put(exit(run), 0, home)
		}, map[int][]string{1: {"parent-in-group"}}},
		{"the group stays", "exit", func(run *evidence.Run, _ *evidence.Process) {
			end := seenAt(run, evidence.GroupsAtEnd)[0]
			end.All = append(end.All, evidence.Group{Path: home})
		}, map[int][]string{4: {"group-left"}}},
		{"the command is killed by somebody else", "take", func(run *evidence.Run, p *evidence.Process) {
			for _, g := range exit(run).All {
				g.Files["memory.events"] = "oom_kill 0"
			}
		}, map[int][]string{2: {"not-killed"}}},
		{"something else is killed in its group", "take", func(_ *evidence.Run, p *evidence.Process) {
			p.Exit.Signal, p.Exit.Code = "", 0
		}, map[int][]string{2: {"not-killed"}}},
		{"the limit of memory ends early", "take", func(run *evidence.Run, _ *evidence.Process) {
			exit(run).Of(home).Files["memory.max"] = "max"
		}, map[int][]string{2: {"limit-lifted"}}},
		{"the group was gone before the end could be seen: the one above counted", "take", func(run *evidence.Run, _ *evidence.Process) {
			dropGroup(exit(run), home)
		}, nil},
		{"pages of 64 KiB", "take", func(run *evidence.Run, _ *evidence.Process) {
			for i := range run.Groups {
				if g := run.Groups[i].Of(home); g != nil {
					g.Files["memory.max"] = "99942400"
				}
			}
		}, nil},
		{"a byte too much", "take", func(run *evidence.Run, _ *evidence.Process) {
			for i := range run.Groups {
				if g := run.Groups[i].Of(home); g != nil {
					g.Files["memory.max"] = "104857601"
				}
			}
		}, map[int][]string{2: {"memory-other"}}},
		{"more of a processor than the limit", "spin", func(run *evidence.Run, _ *evidence.Process) {
			exit(run).Of(home).Files["cpu.stat"] = "usage_usec 3000000\nnr_periods 20\nnr_throttled 0"
		}, map[int][]string{3: {"not-throttled"}}},
		{"a machine that had a tenth of a processor for it", "spin", func(run *evidence.Run, _ *evidence.Process) {
			exit(run).Of(home).Files["cpu.stat"] = "usage_usec 200000\nnr_periods 20\nnr_throttled 0"
		}, nil},
		{"the first process comes into a limited group", "spin", func(run *evidence.Run, _ *evidence.Process) {
			look := exit(run)
			look.All = append(look.All, evidence.Group{Path: "/zz", Files: map[string]string{"cpu.max": "1000 100000"}})
			put(look, 0, "/zz")
		}, map[int][]string{4: {"host-limited"}}},
		{"the command that spins is killed", "spin", func(_ *evidence.Run, p *evidence.Process) {
			p.Exit.Signal = "SIGKILL"
		}, map[int][]string{3: {"not-throttled"}}},
		{"it is killed for memory, of which it had too little", "spin", func(run *evidence.Run, p *evidence.Process) {
			p.Exit.Signal = "SIGKILL"
			for i := range run.Groups {
				if g := run.Groups[i].Of(home); g != nil {
					g.Files["memory.max"] = "102400"
				}
			}
			exit(run).Of(home).Files["memory.events"] = "oom_kill 1"
		}, map[int][]string{3: {"memory-other"}}},
		{"the host's groups lose a controller", "spin", func(run *evidence.Run, _ *evidence.Process) {
			exit(run).Of("/").Files["cgroup.subtree_control"] = "cpu pids"
		}, map[int][]string{4: {"controllers-taken"}}},
		{"all groups are mounted in the container", "say", shown("/sys/fs/cgroup", false), map[int][]string{5: {"groups-writable"}}},
		{"its own group is mounted in the container", "say", shown("/sys/fs/cgroup"+home, false), map[int][]string{5: {"groups-writable"}}},
		{"another group is mounted in the container", "say", shown("/sys/fs/cgroup/session.scope", false), map[int][]string{5: {"groups-writable"}}},
		{"a group is mounted that the host does not show", "say", shown("", false), map[int][]string{5: {"groups-writable"}}},
		{"all groups are mounted read-only", "say", shown("/sys/fs/cgroup", true), nil},
		{"what lies below its limits is mounted", "say", shown("/sys/fs/cgroup"+home+"/below", false), nil},
	}
}

// shown has control groups mounted in the container.
func shown(host string, readOnly bool) func(*evidence.Run, *evidence.Process) {
	return func(_ *evidence.Run, p *evidence.Process) {
		v := p.Execs[len(p.Execs)-1].View
		v.Mounts = append(v.Mounts, evidence.Mount{Point: "/sys/fs/cgroup", FSType: "cgroup2", Host: host, ReadOnly: readOnly})
	}
}

// forged returns the recording of the solution with one run changed.
func forged(t *testing.T, f forgery) *Recording {
	t.Helper()
	r, err := ReadRecording("../../testdata/evidence/05-cgroups/solution.json")
	require.NoError(t, err)
	found := false
	for i := range r.Runs {
		if r.Runs[i].Spec.Command()[1] == f.command {
			found = true
			facts, err := study(r.Runs[i].Run)
			require.NoError(t, err)
			f.change(r.Runs[i].Run, facts.command.by)
		}
	}
	require.True(t, found)
	return r
}

func TestForgedGroups(t *testing.T) {
	for _, f := range forgeries() {
		t.Run(f.name, func(t *testing.T) {
			r := forged(t, f)
			passed := map[int]bool{}
			got := map[int][]string{}
			for i, path := range files(t, ex05) {
				o, err := Judge(context.Background(), Script{Path: path, Exercise: ex05, Step: i + 1, WorkDir: t.TempDir(), Passed: passed}, r.Run)
				require.NoError(t, err)
				require.NoError(t, o.Err)
				for _, finding := range o.Findings {
					got[i+1] = append(got[i+1], finding.Cause)
				}
				passed[i+1] = o.Skipped == "" && len(o.Findings) == 0
			}
			if f.causes == nil {
				f.causes = map[int][]string{}
			}
			assert.Equal(t, f.causes, got)
		})
	}
}

// What is told of a group that stayed, and of a command that did not end.
func TestWhyAGroupStays(t *testing.T) {
	busy := func(run *evidence.Run, p *evidence.Process) {
		end := seenAt(run, evidence.GroupsAtEnd)[0]
		end.All = append(end.All, evidence.Group{Path: home})
		for _, e := range run.Events {
			if e.Call == "rmdir" || e.Call == "unlinkat" {
				e.Errno = "EBUSY"
			}
		}
	}
	for why, change := range map[string]func(*evidence.Run, *evidence.Process){
		"removing it failed: it had processes or groups in it still (EBUSY)": busy,
		"removing it failed: the first process was in it itself (EBUSY)": func(run *evidence.Run, p *evidence.Process) {
			busy(run, p)
			put(seenAt(run, evidence.GroupsAtExit)[0], 0, home)
		},
		`memory.high of its group is "100000000": who takes more is slowed down, however long it takes, and not killed`: func(run *evidence.Run, p *evidence.Process) {
			busy(run, p)
			run.End.TimedOut = true
			for _, q := range run.Processes {
				q.Exit = nil
			}
			files := seenAt(run, evidence.GroupsAtExec)[0].Of(home).Files
			files["memory.max"], files["memory.high"] = "max", "100000000"
			seenAt(run, evidence.GroupsAtExit)[0].Of(home).Files["memory.events"] = "high 120\noom_kill 0"
		},
	} {
		r := forged(t, forgery{command: "take", change: change})
		o, err := Judge(context.Background(), Script{Path: files(t, ex05)[3], Exercise: ex05, Step: 4, WorkDir: t.TempDir()}, r.Run)
		require.NoError(t, err)
		require.NoError(t, o.Err)
		require.NotEmpty(t, o.Findings, why)
		assert.Equal(t, why, o.Findings[0].Why)
	}
}

// A group that is not there was not made, or it was removed, or it is not seen.
func TestNoSuchGroup(t *testing.T) {
	for _, c := range []struct {
		call, errno string
		rooted      bool
		why         string
	}{
		{"mkdirat", "ENOENT", false, "the first process could not make the group: no such file (ENOENT)"},
		{"mkdirat", "", false, ""},
		{"mkdirat", "", true, `chroot("/fs/box/rootfs") had been called: from there on the child does not see the host's /sys/fs/cgroup`},
		{"rmdir", "", false, "the first process had removed the group"},
		{"rmdir", "EBUSY", false, ""},
	} {
		var got because
		forged(t, forgery{command: "say", change: func(run *evidence.Run, _ *evidence.Process) {
			f, err := study(run)
			require.NoError(t, err)
			for _, e := range run.Events {
				switch {
				case e.Call == "mkdirat":
					e.Call, e.Errno = c.call, c.errno
				case e.Call == "chroot" && c.rooted:
					e.Seq = 0
				}
			}
			joined := f.named("cgroup.procs")[0]
			joined.call.Errno = "ENOENT"
			got, _ = f.refusedControl("cgroup.procs")
		}})
		assert.Equal(t, "group-refused", got.cause)
		assert.Equal(t, c.why, got.why)
	}
}

// Where the groups were not looked at nothing is said.
func TestUnknownGroups(t *testing.T) {
	for _, change := range []func(*evidence.Run){
		func(run *evidence.Run) { run.Groups = nil },
		func(run *evidence.Run) { run.Groups = run.Groups[:1] },
	} {
		r := forged(t, forgery{command: "say", change: func(run *evidence.Run, _ *evidence.Process) { change(run) }})
		o, err := Judge(context.Background(), Script{Path: files(t, ex05)[0], WorkDir: t.TempDir()}, r.Run)
		require.NoError(t, err)
		assert.ErrorContains(t, o.Err, "judge evidence")
		assert.Empty(t, o.Findings)
	}
}

// FuzzGroups: no evidence about groups, however odd, makes judging panic.
func FuzzGroups(f *testing.F) {
	r, err := ReadRecording("../../testdata/evidence/05-cgroups/solution.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, run := range r.Runs {
		data, err := json.Marshal(run.Run.Groups)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(data))
	}
	f.Add(`[{"all":[{"path":""},{"path":"a"},{"path":"/a//b","files":{"cpu.max":"0 0","memory.max":"-1"}}]}]`)
	f.Fuzz(func(t *testing.T, data string) {
		var groups []evidence.Groups
		if json.NewDecoder(strings.NewReader(data)).Decode(&groups) != nil {
			return
		}
		for i, path := range files(t, ex05) {
			changed := func(ctx context.Context, spec RunSpec) (*evidence.Run, error) {
				run, err := r.Run(ctx, spec)
				if err != nil {
					return nil, err
				}
				odd := *run
				odd.Groups = groups
				return &odd, nil
			}
			if _, err := Judge(context.Background(), Script{Path: path, Step: i + 1, WorkDir: t.TempDir(), Passed: map[int]bool{1: true, 2: true, 3: true, 4: true}}, changed); err != nil {
				t.Fatal(err)
			}
		}
	})
}
