package scenario

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

// Who gave up before it came to what was wanted is told what it gave up over.
func TestGaveUp(t *testing.T) {
	const trace = "\n\ngoroutine 1 [running]:\n"
	in := func(child func(child *proc)) func(*proc, RunSpec) {
		return output(func(_, p *proc) { child(p) })
	}
	for _, c := range []struct {
		name          string
		main          func(*proc, RunSpec)
		saw, why, try string
		at            string
	}{
		{
			name: "a change of root, where no image is",
			main: in(func(child *proc) {
				child.on("main.go:33").refuse("chroot", "ENOENT").Path = "/srv/rootfs"
				child.log("change root: no such file or directory\n").exit(1)
			}),
			saw: `chroot("/srv/rootfs") failed in the child: no such file (ENOENT)`,
			why: "this exercise's sandbox shows no image",
			try: "leave that out here: the exercise that changes the root has an image",
			at:  "main.go:33",
		},
		{
			name: "a mount, though it ended with 0",
			main: in(func(child *proc) {
				child.on("main.go:34").refuse("mount", "ENOENT").Path = "/srv/rootfs/proc"
				child.print("no such file or directory\n").exit(0)
			}),
			saw: `mount("/srv/rootfs/proc") failed in the child: no such file (ENOENT)`,
			why: "this exercise's sandbox shows no image",
			try: "leave that out here: the exercise that changes the root has an image",
			at:  "main.go:34",
		},
		{
			name: "a mount that it took no notice of",
			main: in(func(child *proc) {
				child.refuse("mount", "ENOENT").Path = "/srv/rootfs/proc"
				child.sethostname("box").print("done\n").exit(1)
			}),
			saw: `the child exited with 1 with the words "done", and had printed no hostname that it had`,
			try: "find out from its words why it ended before it came to that",
		},
		{
			name: "a file",
			main: in(func(child *proc) {
				child.print("hello\n").log("open /srv/limits: no such file or directory\n").exit(1)
			}),
			saw: `the child exited with 1 with the words "open /srv/limits: no such file or directory", and had printed no hostname that it had`,
			try: "find out from its words why it ended before it came to that",
		},
		{
			name: "a panic over an error: the line that handed it on",
			main: in(func(child *proc) {
				child.log("panic: open /srv/limits: no such file or directory" + trace +
					"main.must(...)\n\t/src/main.go:61\nmain.child()\n\t/src/main.go:40 +0x1d\nmain.main()\n\t/src/main.go:12 +0x20\n").exit(2)
			}),
			saw: "the child panicked before it came to that",
			why: `it wrote "panic: open /srv/limits: no such file or directory"`,
			try: "mend what the panic's first lines tell",
			at:  "main.go:40",
		},
		{
			name: "a panic over an error, not a part of its caller",
			main: in(func(child *proc) {
				child.log("panic: not permitted" + trace +
					"main.check({0x4d3a08?, 0xc000012070})\n\t/src/main.go:61 +0x1d\nmain.child()\n\t/src/main.go:40 +0x1d\n").exit(2)
			}),
			saw: "the child panicked before it came to that",
			why: `it wrote "panic: not permitted"`,
			try: "mend what the panic's first lines tell",
			at:  "main.go:40",
		},
		{
			name: "a panic of a function that has a text",
			main: in(func(child *proc) {
				child.log("panic: not permitted" + trace +
					"main.run({0x7ffd1e2f, 0x3})\n\t/src/main.go:61 +0x1d\nmain.main()\n\t/src/main.go:12 +0x1d\n").exit(2)
			}),
			saw: "the child panicked before it came to that",
			why: `it wrote "panic: not permitted"`,
			try: "mend what the panic's first lines tell",
			at:  "main.go:61",
		},
		{
			name: "arguments that the child was not given",
			main: in(func(child *proc) { child.panic("runtime error: index out of range [2] with length 2") }),
			saw:  "the child panicked before it came to that",
			why:  `it wrote "panic: runtime error: index out of range [2] with length 2"`,
			try:  "ask how many arguments there are first; ARGS='run ...' gives some",
			at:   "main.go:47",
		},
		{
			name: "a part of the arguments that the child was not given",
			main: in(func(child *proc) { child.panic("runtime error: slice bounds out of range [3:2]") }),
			saw:  "the child panicked before it came to that",
			why:  `it wrote "panic: runtime error: slice bounds out of range [3:2]"`,
			try:  "ask how many arguments there are first; ARGS='run ...' gives some",
			at:   "main.go:47",
		},
		{
			name: "another slice",
			main: in(func(child *proc) { child.panic("runtime error: index out of range [4] with length 4") }),
			saw:  "the child panicked before it came to that",
			why:  `it wrote "panic: runtime error: index out of range [4] with length 4"`,
			try:  "mend what the panic's first lines tell",
			at:   "main.go:47",
		},
		{
			name: "a shell with nothing to do",
			main: in(func(child *proc) { child.sethostname("box").exec("/usr/bin/dash", "/bin/sh").exit(0) }),
			saw:  "the child printed nothing",
			why:  `it ran "/bin/sh" without a command: that does what its standard input says, and in a check nothing stands there`,
			try:  "have the child print it before it becomes the shell, or give that a command: -c and what it shall do",
		},
		{
			name: "arguments that the first process asks for",
			main: func(first *proc, _ RunSpec) { first.print("usage: box run <cmd>\n").exit(0) },
			saw:  `no process was created: the first process exited with 0 with the words "usage: box run <cmd>"`,
			try:  "give the program the arguments that it asks for: ARGS='run ...'",
		},
		{
			name: "arguments that the first process asks for in a panic",
			main: func(first *proc, _ RunSpec) { first.panic("usage: box run <cmd>") },
			saw:  `no process was created: the first process exited with 2 with the words "panic: usage: box run <cmd>"`,
			try:  "give the program the arguments that it asks for: ARGS='run ...'",
		},
		{
			name: "an error that it only prints",
			main: func(first *proc, _ RunSpec) {
				first.on("main.go:15").refuse("unshare", "EINVAL", "CLONE_NEWUSER")
				first.print("invalid argument\n").exit(0)
			},
			saw: `no process was created: the first process exited with 0 and wrote "invalid argument"`,
			why: "unshare(CLONE_NEWUSER) failed in it: invalid argument (EINVAL)",
			try: "look at the error that Unshare returns",
			at:  "main.go:15",
		},
		{
			name: "the first process's change of root",
			main: func(first *proc, _ RunSpec) {
				first.on("main.go:28").refuse("chroot", "ENOENT").Path = "/srv/rootfs"
				first.panic("no such file or directory")
			},
			saw: `chroot("/srv/rootfs") failed in the first process: no such file (ENOENT)`,
			why: "this exercise's sandbox shows no image",
			try: "leave that out here: the exercise that changes the root has an image",
			at:  "main.go:28",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := submission{exercise: ex03, main: c.main}
			findings := s.judge(t)[0].Findings
			require.NotEmpty(t, findings)
			assert.Equal(t, c.saw, findings[0].Saw)
			assert.Equal(t, c.why, findings[0].Why)
			assert.Equal(t, c.try, findings[0].Try)
			assert.Equal(t, c.at, findings[0].At)
		})
	}
}

// A program that takes its time over starting itself does it for ever as well.
func TestStartsItselfSlowly(t *testing.T) {
	for _, c := range []struct {
		times int
		late  bool
		loop  bool
	}{{3, true, true}, {3, false, false}, {2, true, false}} {
		k, first := newKernel(RunSpec{})
		runs := []*proc{first}
		for i := range c.times {
			runs = append(runs, runs[i].clone().exec(program, "/proc/self/exe"))
		}
		for i := len(runs) - 1; i >= 0 && !c.late; i-- {
			runs[i].exit(0)
		}
		f, err := study(k.over())
		require.NoError(t, err)
		_, loop := f.loop()
		assert.Equal(t, c.loop, loop, fmt.Sprint(c))
	}
}

// Who takes the image's name for the command is told, whether the kernel did not find
// that program or os/exec.
func TestTheImagesNameForTheCommand(t *testing.T) {
	const not = `error: exec: "box": executable file not found in $PATH` + "\n"
	for name, c := range map[string]struct {
		main func(first, child *proc)
		saw  string
	}{
		"by os/exec": {func(_, child *proc) { child.log(not).exit(1) }, `the child found no program "box"`},
		"by the kernel": {func(_, child *proc) {
			child.refuse("execve", "ENOENT").Path = "box"
			child.exit(1)
		}, `the child could not execute "box": no such file (ENOENT)`},
		"by os/exec in the first process": {func(first, _ *proc) { first.log(not).exit(1) }, `the first process found no program "box"`},
	} {
		k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
		k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
		var child *proc
		if name != "by os/exec in the first process" {
			child = first.start(isolated...)
		}
		c.main(first, child)
		if first.Exit == nil {
			first.wait(child).exit(1)
		}
		f, err := study(k.over())
		require.NoError(t, err)
		b := f.noCommand()
		assert.Equal(t, c.saw, b.saw, name)
		assert.Equal(t, `"box" is the image's name: the command comes after it`, b.why, name)
	}
}

// A child that ended before it became a program is told of the user namespace that it
// was made in.
func TestUserNamespaceWithoutUsers(t *testing.T) {
	for mapped, why := range map[bool]string{
		false: `the first process wrote "fork/exec /bin/sh: operation not permitted"; the child is in a user namespace of its own, where no user is root`,
		true:  `the first process wrote "fork/exec /bin/sh: operation not permitted"`,
	} {
		k, first := newKernel(RunSpec{})
		child := first.clone("CLONE_NEWPID", "CLONE_NEWUTS", "CLONE_NEWUSER")
		if mapped {
			first.write("file", "/proc/2/uid_map", "0 0 1\n")
		}
		child.exit(253)
		first.log("fork/exec /bin/sh: operation not permitted\n").wait(child).exit(1)
		f, err := study(k.over())
		require.NoError(t, err)
		b, ok := f.notStarted()
		require.True(t, ok)
		assert.Equal(t, why, b.why)
	}
}

// The digits in what a tool sends to the kernel are no pid that was lost.
func TestMessagesOfTools(t *testing.T) {
	k, first := newKernel(RunSpec{})
	child := first.start(isolated...)
	tool := child.clone().exec("/usr/sbin/ip", "ip", "link", "set", "veth1", "up")
	tool.write("socket", "socket:[9]", "\x00\x03\x00veth1\x00\x00")
	tool.exit(0)
	child.log("no file of that name\n").exit(1)
	first.wait(child).exit(1)
	f, err := study(k.over())
	require.NoError(t, err)
	assert.Equal(t, `the child exited with 1 with the words "no file of that name", and had printed no pid of its own`, f.pidNotPrinted().saw)
}
