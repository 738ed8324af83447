package picture

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/scenario"
	"pidone/checker/visible"
)

// size counts the frames and rows of a frame.
func size(f *Frame) (frames, rows int) {
	frames = 1
	for _, r := range f.Rows {
		rows++
		if r.Frame != nil {
			n, m := size(r.Frame)
			frames, rows = frames+n, rows+m
		}
	}
	return frames, rows
}

// notes returns the notes of a frame and of those in it.
func notes(f *Frame) []string {
	var all []string
	for _, r := range f.Rows {
		switch {
		case r.Frame != nil:
			all = append(all, notes(r.Frame)...)
		case r.Note != nil:
			all = append(all, r.Note.Text)
		}
	}
	return all
}

// crowd is a run of n processes; creator tells who made each.
func crowd(n, calls int, creator func(id int) int) *evidence.Run {
	host := evidence.Namespaces{"pid": 1, "uts": 2}
	run := &evidence.Run{Host: evidence.Host{Namespaces: host, Hostname: "h", After: "h"}}
	for id := range n {
		p := &evidence.Process{ID: id, Creator: -1, PIDs: []int{id}, Born: evidence.State{Namespaces: host}, Exit: &evidence.Exit{Seq: 1 << 30}}
		if id > 0 {
			p.Creator = creator(id)
		}
		run.Processes = append(run.Processes, p)
		for i := range calls {
			run.Events = append(run.Events, &evidence.Event{Seq: id*calls + i + 1, Done: 1, Process: id, Call: "mount"})
		}
	}
	return run
}

// However many processes and calls there are, few are drawn; the rest is counted.
func TestBounds(t *testing.T) {
	for name, creator := range map[string]func(int) int{
		"all of the first": func(int) int { return 0 },
		"a chain":          func(id int) int { return id - 1 },
		"a tree":           func(id int) int { return (id - 1) / 3 },
	} {
		t.Run(name, func(t *testing.T) {
			p, err := New(crowd(4000, 35, creator), nil, visible.Text)
			require.NoError(t, err)
			frames, rows := size(p.First)
			assert.LessOrEqual(t, frames, maxProcesses)
			assert.Less(t, rows, maxCalls+4*maxProcesses)
			if name == "a tree" {
				return // what is like another may have made others
			}
			more, counted := 0, 0
			for _, note := range notes(p.First) {
				if regexp.MustCompile(`^\d+ more (process|like)`).MatchString(note) {
					fmt.Sscanf(note, "%d", &more)
					counted += more
				}
			}
			assert.Equal(t, 4000, frames+counted)
		})
	}
}

// Of processes that did the same a few are drawn.
func TestFold(t *testing.T) {
	host := evidence.Namespaces{"pid": 1, "uts": 2}
	exits := []int{0, 0, 0, 0, 0, 3, 0, 0}
	run := &evidence.Run{Host: evidence.Host{Namespaces: host}, Processes: []*evidence.Process{{ID: 0, Creator: -1, Exit: &evidence.Exit{Seq: 1000}}}}
	for i, code := range exits {
		id, seq := i+1, 10*i+1
		run.Processes = append(run.Processes, &evidence.Process{ID: id, Call: seq, PIDs: []int{100 + id}, Exit: &evidence.Exit{Seq: seq + 5, Code: code}})
		run.Events = append(run.Events, &evidence.Event{Seq: seq, Done: seq + 1, Call: "clone", Child: id, Result: int64(100 + id), At: "main.go:7"},
			&evidence.Event{Seq: seq + 2, Done: seq + 3, Process: id, Call: "write", Target: &evidence.Target{Kind: "stdout"}, Data: []byte(fmt.Sprintf("I am %d", 100+id)), Size: 8})
	}
	told := func() []string {
		p, err := New(run, nil, visible.Text)
		require.NoError(t, err)
		var all []string
		for _, r := range p.First.Rows {
			switch {
			case r.Frame != nil:
				all = append(all, r.Frame.Process.Name)
			case r.Note != nil:
				all = append(all, r.Note.Text)
			}
		}
		return all
	}
	assert.Equal(t, []string{"process 2", "process 3", "process 4", "2 more like process 4", "process 7", "process 8", "process 9"}, told(),
		"another exit status is another thing to do")
	run.Events[4].At = "main.go:8"
	assert.Equal(t, []string{"process 2", "process 3", "process 4", "process 5", "process 6", "process 7", "process 8", "process 9"}, told(),
		"as is another line, and nothing is gained by leaving out one")
}

func TestTextsAreBounded(t *testing.T) {
	long := string(make([]byte, 1<<20))
	run := crowd(1, 1, nil)
	run.Processes[0].Execs = []evidence.Exec{{Argv: []string{long, long}}}
	e := run.Events[0]
	e.Text, e.Source, e.Path, e.FSType, e.Errno, e.At, e.Call, e.Flags = long, long, long, long, long, long, long, []string{long}
	e.Target, e.Data, e.Size = nil, []byte(long), 1<<20
	write := *e
	write.Seq, write.Target = 2, &evidence.Target{Kind: "file", Name: long}
	run.Events = append(run.Events, &write)
	run.Host.Hostname, run.Host.MountsLeft, run.End.Hiding = long, []string{long}, long
	p, err := New(run, nil, visible.Text)
	require.NoError(t, err)
	assert.Less(t, len(fmt.Sprintf("%+v %+v", p, *p.First)), 30_000)
	for _, r := range p.First.Rows {
		assert.Less(t, len(fmt.Sprintf("%+v", *r.Call)), 30_000)
	}
}

func TestNewRefusesNonsense(t *testing.T) {
	for _, bad := range []*evidence.Run{
		{Processes: []*evidence.Process{nil}},
		{Processes: []*evidence.Process{{ID: 7}}},
		{Processes: []*evidence.Process{{ID: 0, Creator: -1}, {ID: 1, Creator: 1}}},
		{Events: []*evidence.Event{nil}},
		{Events: []*evidence.Event{{Process: 3}}},
	} {
		_, err := New(bad, nil, visible.Text)
		require.ErrorContains(t, err, "makes no sense")
	}
	p, err := New(&evidence.Run{}, nil, visible.Text)
	require.NoError(t, err)
	assert.Nil(t, p.First)
}

func TestEnding(t *testing.T) {
	run := crowd(1, 1, nil)
	run.End = evidence.End{TimedOut: true, Limit: 10_000_000, Cut: []string{"events", "names"}}
	run.Host.After = "x\n"
	p, err := New(run, nil, visible.Text)
	require.NoError(t, err)
	assert.Equal(t, []Note{
		{Text: "stopped at the time limit, after 10.0 s", Tone: Bad},
		{Text: "there was more than is recorded: events, names", Tone: Warn},
		{Text: `the host's hostname was h and is now x\n`, Tone: Bad},
	}, p.Ending)
}

// What the container's command could reach is told where it began.
func TestSees(t *testing.T) {
	const image, own = "its root directory is the image's", "its /proc shows the processes of its own PID namespace"
	for name, want := range map[string][]Note{
		"pivot-root-put-old": {{Text: image}, {Text: own}, {Text: "mounted there: / (the host's /fs/box/rootfs), /proc (proc)"}},
		"no-chdir":           {{Text: image}, {Text: own}, {Text: "mounted there: /proc (proc)"}, {Text: "its working directory lies outside: /work", Tone: Warn}},
		"old-root-left":      {{Text: image}, {Text: own}, {Text: "mounted there: /.old (the host's /), / (the host's /fs/box/rootfs), /proc (proc)"}},
		"proc-on-host":       {{Text: image}, {Text: "its /proc shows the processes of the host", Tone: Warn}, {Text: "mounted there: /proc (proc)"}},
		"host-through-proc":  {{Text: image}, {Text: own}, {Text: "mounted there: /proc (proc)"}, {Text: "/proc/1/root leads out of its root directory", Tone: Warn}},
		"prints-it-all":      nil,
	} {
		t.Run(name, func(t *testing.T) {
			recording, err := scenario.ReadRecording("../../testdata/evidence/04-namespaces-and-chroot/" + name + ".json")
			require.NoError(t, err)
			run := recording.Runs[0].Run
			p, err := New(run, scenario.Child(run), visible.Text)
			require.NoError(t, err)
			assert.Equal(t, want, seen(p.First))
		})
	}
}

// seen returns what the programs of a frame and of those in it could reach.
func seen(f *Frame) []Note {
	var all []Note
	for _, r := range f.Rows {
		switch {
		case r.Frame != nil:
			all = append(all, seen(r.Frame)...)
		case r.Call != nil:
			all = append(all, r.Call.Sees...)
		}
	}
	return all
}

// Of what is mounted below a folder of the host's only what is not the host's
// too, at that place, is told.
func TestMounts(t *testing.T) {
	b := &builder{see: visible.Text}
	host := func(point, host string) evidence.Mount {
		return evidence.Mount{Point: point, FSType: "ext4", Host: host}
	}
	assert.Equal(t, "/ (the host's /fs/box), /usr (the host's /usr), /old (the host's /), /old/tmp (tmpfs)", b.mounts([]evidence.Mount{
		host("/", "/fs/box"), host("/etc", "/fs/box/etc"), host("/usr", "/usr"), host("/usr/lib", "/usr/lib"),
		host("/old", "/"), host("/old/dev", "/dev"), {Point: "/old/tmp", FSType: "tmpfs"},
	}))
	many := make([]evidence.Mount, maxMounts+3)
	assert.Contains(t, b.mounts(many), ", and 3 more")
}

// The control group that a program began in, what was counted of it, and what was
// left are told.
func TestControlGroups(t *testing.T) {
	for name, want := range map[string]struct {
		run    int
		sees   string
		ending []Note
	}{
		"solution":             {0, "its control group is /my-container, with memory.max 104857600, cpu.max 50000 100000", nil},
		"accept-nested":        {0, "its control group is /boxes/one, with memory.max 104857600, cpu.max 50000 100000", nil},
		"reject-never-removed": {1, "its control group is /box, with memory.max 104857600, cpu.max 50000 100000", []Note{{Text: "counted for the control group /box: killed for memory: 1"}, {Text: "left behind on the host: the control group /box", Tone: Bad}}},
		"before":               {0, "its control group is /session.scope", nil},
	} {
		t.Run(name, func(t *testing.T) {
			recording, err := scenario.ReadRecording("../../testdata/evidence/05-cgroups/" + name + ".json")
			require.NoError(t, err)
			run := recording.Runs[want.run].Run
			p, err := New(run, scenario.Child(run), visible.Text)
			require.NoError(t, err)
			assert.Contains(t, seen(p.First), Note{Text: want.sees})
			told := ""
			for _, n := range p.Ending {
				told += n.Text + "\n"
			}
			for _, n := range want.ending {
				assert.Contains(t, told, n.Text)
			}
			if want.ending == nil {
				assert.NotContains(t, p.Ending[len(p.Ending)-1].Text, "left behind")
			}
		})
	}
}
