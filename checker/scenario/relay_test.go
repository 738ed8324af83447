package scenario

import (
	"context"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What a process writes to a pipe counts only if it came out.
func TestRelayed(t *testing.T) {
	for _, test := range []struct {
		wrote, came string
		name, pid   bool
	}{
		{"hostname: box\npid: 1\n", "hostname: box\npid: 1\n", true, true},
		{"hostname: box\npid: 1\n", "child| hostname: box\nchild| pid: 1\n", true, true},
		{"hostname: box\npid: 1\n", `{"out":"hostname: box\npid: 1\n"}` + "\n", true, true},
		{`name "box" pid "1"`, `{"out":"name \"box\" pid \"1\""}` + "\n", true, true},
		{"box 1\n", "hostname: box pid: 1\n", true, true},
		{"hostname: box pid: 1\n", "1 container finished <nil>\n", false, false},
		{"hostname: box pid: 1\n", "I got: hostname: box (cut)\n", true, false},
		{"pid: 1\n", "pid: 12\n", false, false},
		{"box\n1\n", "box\n1\n", true, true},
		{"box\n1\n", "c: box\nc: 1\n", true, true},
		{"box\n1\n", `["box","1"]` + "\n", true, true},
		{"box\n1\n", "1 container finished\n", false, false},
		{"box\n1\n", "hostname: box pid: 1\n", true, true},
		{"H=box P=1\n", "the pid inside is 1\nin box.\n", true, true},
		{"H=box P=1\n", "the pid inside is 12\nin sandbox.\n", false, false},
		{"box\n1\n", "in box: 1 process\n", true, false},
		{"box\n1\n", "1\nbox\n", true, false},
		{"1\n", "1 container finished\n", false, false},
		{"1\n", "c| 1\n", false, true},
		{"box\n", "box finished\n", true, false},
		{"box 1\n", strings.Repeat("x", 100), false, false},
	} {
		k, first := newKernel(RunSpec{})
		child := first.start(isolated...).sethostname("box")
		first.print("hostname: box\npid: 1\nbox\n1\nbox 1\n") // before: it counts for nothing
		child.pipe(test.wrote)
		first.print(test.came)
		finish(first, child)
		f, err := study(k.over())
		require.NoError(t, err)
		assert.Equal(t, test.name, f.printedName([]string{"box"}), "name: %q as %q", test.wrote, test.came)
		pid := printedCame(f.number(f.inside(), func(n int) bool { return n == 1 }))
		assert.Equal(t, test.pid, pid, "pid: %q as %q", test.wrote, test.came)
	}
}

// What is cut off says nothing about a pipe; about an output stream it does.
func TestCutStream(t *testing.T) {
	for kind, want := range map[string]bool{"pipe": false, "stdout": true} {
		k, first := newKernel(RunSpec{})
		child := first.start(isolated...).sethostname("inner")
		child.write(kind, kind+":[9]", "inner 1\n")
		first.print(strings.Repeat("x", 100))
		finish(first, child)
		k.run.Stdout.Total += 1 << 20
		f, err := study(k.over())
		require.NoError(t, err)
		assert.Equal(t, want, f.printedName([]string{"inner"}), kind)
		assert.Equal(t, want, printedCame(f.number(f.inside(), func(n int) bool { return n == 1 })), kind)
	}
}

// A check that passes for what is absent does not, where not all was recorded.
func TestUnrecorded(t *testing.T) {
	for _, cut := range []string{"", "execs", "events", "processes", "namespaces"} {
		for _, check := range []string{"host hostname unchanged", "! leftovers"} {
			s := submission{main: func(first *proc, _ RunSpec) {
				child := first.start(isolated...)
				speak(child, "box")
				finish(first, child)
				if cut != "" {
					first.k.run.End.Cut = []string{cut}
				}
			}}
			run, _ := s.runner()
			o, err := Judge(context.Background(), Script{Path: script(t, "points 1\ncontainer\n"+check+"\n"), WorkDir: t.TempDir()}, run)
			require.NoError(t, err)
			require.NoError(t, o.Err)
			if cut == "" || cut == "execs" {
				assert.Empty(t, o.Findings, "%s %s", cut, check)
				continue
			}
			require.Len(t, o.Findings, 1, "%s %s", cut, check)
			assert.Contains(t, o.Findings[0].Saw, "than can be recorded")
		}
	}
}

func TestLeftoversNotRecorded(t *testing.T) {
	k, first := newKernel(RunSpec{})
	child := first.start(isolated...)
	speak(child, "box")
	finish(first, child)
	run := k.over()
	for n, want := range []bool{false, true} {
		run.Processes[0].Exit.Unrecorded = n
		f, err := study(run)
		require.NoError(t, err)
		_, left := f.leftovers()
		assert.Equal(t, want, left)
	}
}

// A hostname that was put back was changed all the same, whatever was seen of
// it in between.
func TestHostRenamedAndBack(t *testing.T) {
	s := submission{main: func(first *proc, _ RunSpec) {
		child := first.start(isolated...)
		speak(child, "box")
		first.sethostname("evil-host").sethostname(hostName)
		finish(first, child)
		names := first.k.run.Names[:0]
		for _, n := range first.k.run.Names {
			if n.Name != "evil-host" {
				names = append(names, n)
			}
		}
		first.k.run.Names = names
	}}
	run, _ := s.runner()
	o, err := Judge(context.Background(), Script{Path: script(t, "points 1\ncontainer\nhost hostname unchanged\n"), WorkDir: t.TempDir()}, run)
	require.NoError(t, err)
	require.Len(t, o.Findings, 1)
	assert.Equal(t, "hostname-in-parent", o.Findings[0].Cause)
	assert.Equal(t, `the host's hostname became "evil-host"`, o.Findings[0].Saw)
}

func TestSpoken(t *testing.T) {
	assert.Equal(t, []string{"box"}, spoken("box"))
	assert.Equal(t, []string{`\xff` + "\x1b[31m x\ny", "\xff x\ny"}, spoken(`\xff`+"\x1b[31m x\ny"))
	assert.Equal(t, []string{`\x41`}, spoken(`\x41`), "that is no byte that would be escaped")

	k, first := newKernel(RunSpec{})
	child := first.start(isolated...).sethostname(`\xfe\xffz`).print("host \xfe\xffz\n")
	finish(first, child)
	f, err := study(k.over())
	require.NoError(t, err)
	assert.True(t, f.printedName(f.names))
}

// Names that overlap themselves cost no more than others.
func TestManyNamesInMuchText(t *testing.T) {
	s := submission{exercise: ex03, main: func(first *proc, _ RunSpec) {
		child := first.start(isolated...)
		for i := 1; i <= 62; i++ {
			name := strings.Repeat("1-", i/2) + strings.Repeat("1", i%2)
			child.sethostname(name).sethostname("-" + name)
		}
		for range 8 {
			child.print(strings.Repeat("1-", 32000))
		}
		child.exit(0)
		first.wait(child)
		first.exit(0)
	}}
	used := func() time.Duration { // by the CPU: others use it too
		var r syscall.Rusage
		require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &r))
		return time.Duration(r.Utime.Nano())
	}
	start := used()
	assert.NotEmpty(t, s.judge(t)[0].Findings)
	assert.Less(t, used()-start, 5*time.Second, "it took minutes once")
}

// Of very much text the first and the last part is looked at.
func TestMuchText(t *testing.T) {
	k, first := newKernel(RunSpec{})
	child := first.start(isolated...).sethostname("inner").print("inner 1\n")
	for i := range 40 {
		child.print(strings.Repeat("x", 100000) + fmt.Sprintf(" %d\n", 1000+i))
	}
	child.print("the end\n")
	finish(first, child)
	f, err := study(k.over())
	require.NoError(t, err)
	assert.True(t, f.printedName([]string{"inner"}))
	said := f.output(f.child)
	assert.Less(t, len(said), 2*maxText+200_000)
	assert.Contains(t, said, "the end")
	assert.NotContains(t, said, "1020")
}
