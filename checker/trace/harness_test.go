package trace

import (
	"context"
	"debug/elf"
	"debug/gosym"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// TestMain gives an ordinary user's tests a user namespace to make sandboxes in.
func TestMain(m *testing.M) {
	code, entered, err := sandbox.Enter()
	if err == nil && entered {
		os.Exit(code)
	}
	shared.refused = err
	os.Exit(m.Run())
}

// bench is what the tests of one run of `go test` share: the tracee, compiled
// once, and the machine's host.
type bench struct {
	refused error // this machine makes no sandboxes
	once    sync.Once
	err     error
	host    *sandbox.Host
	program []byte
	lines   *gosym.Table
}

var shared bench

func (b *bench) open() {
	dir, err := os.MkdirTemp("", "trace-test-")
	if err != nil {
		b.err = err
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tracee")
	build := exec.Command("go", "build", "-o", path, "./testdata/tracee")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.err = fmt.Errorf("build tracee: %w\n%s", err, out)
		return
	}
	if b.program, b.err = os.ReadFile(path); b.err != nil {
		return
	}
	if b.lines, b.err = table(path); b.err != nil {
		return
	}
	b.host, b.err = sandbox.Open()
}

// table reads a program's line table.
func table(path string) (*gosym.Table, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := f.Section(".gopclntab").Data()
	if err != nil {
		return nil, err
	}
	return gosym.NewTable(nil, gosym.NewLineTable(data, f.Section(".text").Addr))
}

// resolve is what package build's line table does: what was inlined into the
// tracee's code counts as the line that called it.
func (b *bench) resolve(pc uint64) string {
	fn := b.lines.PCToFunc(pc)
	if fn == nil || !strings.HasPrefix(fn.Name, "main.") {
		return ""
	}
	for ; pc >= fn.Entry; pc-- {
		if file, line, _ := b.lines.PCToLine(pc); filepath.Base(file) == "main.go" {
			return fmt.Sprintf("main.go:%d", line)
		}
	}
	return ""
}

func openBench(tb testing.TB) *bench {
	tb.Helper()
	var refused *sandbox.RefusedError
	if errors.As(shared.refused, &refused) {
		tb.Skipf("%v: %s", refused, refused.Remedy)
	}
	require.NoError(tb, shared.refused)
	shared.once.Do(shared.open)
	require.NoError(tb, shared.err)
	return &shared
}

// command runs the tracee in that mode.
func (b *bench) command(args ...string) sandbox.Command {
	const path = "/submission/main"
	return sandbox.Command{
		Path: path, Args: append([]string{path}, args...), Env: []string{"PATH=/usr/bin:/bin", "GOMAXPROCS=2"},
		Files: []sandbox.File{{Path: path, Data: b.program, Mode: 0o755}},
		// Long enough for a busy machine: no test waits for it.
		Limits: sandbox.Limits{Time: 60 * time.Second},
	}
}

// record records the tracee in that mode. The run must be sound, and survive
// its round trip through JSON.
func record(t *testing.T, args ...string) *evidence.Run {
	t.Helper()
	b := openBench(t)
	return recordCommand(t, b.command(args...), Options{Resolve: b.resolve})
}

func recordCommand(t *testing.T, cmd sandbox.Command, opts Options) *evidence.Run {
	t.Helper()
	run, err := Record(context.Background(), openBench(t).host, cmd, opts)
	require.NoError(t, err)
	text, err := json.Marshal(run)
	require.NoError(t, err)
	if t.Failed() || os.Getenv("TRACE_SHOW") != "" {
		t.Logf("%s", text)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%.20000s", text)
		}
	})
	var again evidence.Run
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, run, &again, "round trip")
	require.Empty(t, run.End.Broken)
	sound(t, run)
	return run
}

// sound checks what every run must keep to.
func sound(t *testing.T, run *evidence.Run) {
	t.Helper()
	require.NotEmpty(t, run.Processes)
	require.Equal(t, evidence.Version, run.Version)
	for i, p := range run.Processes {
		require.Equal(t, i, p.ID)
		if i == 0 {
			require.Equal(t, -1, p.Creator)
			require.True(t, p.Execs[0].Self)
			require.Equal(t, run.Host.Program, p.Execs[0].Path)
		}
		require.Less(t, p.Creator, i, "process %d", i)
		if p.Hidden {
			continue
		}
		require.NotEmpty(t, p.PIDs, "process %d", i)
		require.Len(t, p.Born.Namespaces, len(kinds), "process %d", i)
		require.NotEmpty(t, p.Born.Hostname, "process %d", i)
		if p.Call != 0 {
			require.Greater(t, p.Seq, p.Call-1)
		}
		if p.Exit != nil {
			require.Greater(t, p.Exit.Seq, p.Seq)
		}
	}
	last := 0
	for _, ev := range run.Events {
		require.NotEmpty(t, ev.Call)
		require.Greater(t, ev.Seq, last)
		last = ev.Seq
		if ev.Child != 0 {
			require.Equal(t, ev.Seq, run.Process(ev.Child).Call, "child of %d", ev.Seq)
			require.Equal(t, ev.Process, run.Process(ev.Child).Creator)
		}
		if ev.Done != 0 {
			require.Greater(t, ev.Done, ev.Seq)
		}
		if ev.After != nil && ev.Data != nil {
			require.True(t, run.Had(ev.After.Namespaces["uts"], ev.After.Hostname, ev.Seq), "hostname at event %d", ev.Seq)
		}
	}
	last = 0
	for _, n := range run.Names {
		require.Greater(t, n.Seq, last)
		last = n.Seq
	}
}

// events are those of one kind of call.
func events(run *evidence.Run, calls ...string) (out []*evidence.Event) {
	for _, ev := range run.Events {
		for _, call := range calls {
			if ev.Call == call {
				out = append(out, ev)
			}
		}
	}
	return out
}

// others are the processes besides the first and Go's probes.
func others(run *evidence.Run) (out []*evidence.Process) {
	for _, p := range run.Processes[1:] {
		if !p.Probe {
			out = append(out, p)
		}
	}
	return out
}

// written joins what a process wrote to targets of a kind.
func written(run *evidence.Run, process int, kind string) string {
	var out []byte
	for _, ev := range run.Events {
		if ev.Process == process && ev.Target != nil && ev.Target.Kind == kind {
			out = append(out, ev.Data...)
		}
	}
	return string(out)
}
