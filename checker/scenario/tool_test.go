package scenario

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"pidone/checker/evidence"
)

func TestAToolIsNoChild(t *testing.T) {
	for what, c := range map[string]struct {
		flags []string
		path  string
		child bool
	}{
		"a tool":                         {path: "/usr/sbin/iptables"},
		"a tool in a new namespace":      {[]string{"CLONE_NEWNET"}, "/usr/bin/ip", true},
		"the submission's program":       {path: program, child: true},
		"the command, wherever it lives": {path: "/fs/box/rootfs/bin/sleep", child: true},
	} {
		k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/sleep", "1"}})
		p := first.clone(c.flags...).exec(c.path, "x")
		p.clone().exit(0) // as a subshell
		p.exit(2)
		first.exit(1)
		run := k.over()
		assert.Equal(t, 1, Child(run).ID, "%s: without an image", what)
		run.Image = &evidence.Image{Name: "box"}
		if child := Child(run); c.child {
			assert.Equal(t, 1, child.ID, what)
		} else {
			assert.Nil(t, child, what)
		}
	}
}

// A tool that the container used is not what it executed in place of the command.
func TestWhyTheChildGaveUp(t *testing.T) {
	k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
	k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
	child := first.start("CLONE_NEWPID", "CLONE_NEWNS", "CLONE_NEWNET")
	child.clone().exec("/usr/sbin/ip", "ip", "link", "set", "lo", "up").exit(0)
	tool := child.clone().exec("/usr/sbin/ip", "ip", "addr", "add", "10.0.0.2/24", "dev", "eth1")
	tool.log("Cannot find device \"eth1\"\nsome advice\n")
	tool.exit(1)
	child.log("error: exit status 1\n")
	child.exit(1)
	first.exit(1)
	f, err := study(k.over())
	require.NoError(t, err)
	b := f.noCommand()
	assert.Equal(t, `the container did not execute "/bin/true"; the child exited with 1 with the words "error: exit status 1"`, b.saw)
	assert.Equal(t, `"ip addr add 10.0.0.2/24 dev eth1" exited with 1 and said "Cannot find device \"eth1\""`, b.why)
	assert.Equal(t, "mend that first: the child ended before it came to the command", b.try)
}

// A shell that prepares the container is not what it executed in place of the command
// either, where it gives up.
func TestWhyAScriptGaveUp(t *testing.T) {
	k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
	k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
	child := first.clone("CLONE_NEWPID", "CLONE_NEWNS").exec("/bin/sh", "sh", "-ec", "mount --make-private /; chroot ...")
	tool := child.clone().exec("/bin/mount", "mount", "--make-private", "/")
	tool.exit(32)
	child.exit(32)
	first.exit(1)
	f, err := study(k.over())
	require.NoError(t, err)
	b := f.noCommand()
	assert.Equal(t, `the container did not execute "/bin/true"; the child exited with 32`, b.saw)
	assert.Equal(t, `"mount --make-private /" exited with 32`, b.why)

	// Nothing is known of why: what it executed may be the mistake.
	k, first = newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
	k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
	child = first.clone("CLONE_NEWPID", "CLONE_NEWNS").exec("/bin/false", "false")
	child.exit(1)
	first.exit(1)
	f, err = study(k.over())
	require.NoError(t, err)
	b = f.noCommand()
	assert.Equal(t, `the container did not execute "/bin/true", but "false"`, b.saw)
}

func TestAToolThatIsPid1Ends(t *testing.T) {
	k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
	k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
	shell := first.clone().exec("/usr/bin/unshare", "unshare", "--pid", "sh").unshare("CLONE_NEWPID").exec("/bin/sh", "sh")
	shell.clone().exec("/usr/sbin/ip", "ip", "link").exit(0)
	shell.refuse("vfork", "ENOMEM")
	shell.exit(2)
	first.exit(2)
	f, err := study(k.over())
	require.NoError(t, err)
	b, ok := f.spentPIDs()
	require.True(t, ok)
	assert.Equal(t, "unshare-then-exec", b.cause)
	assert.Contains(t, b.saw, "could not make a process: out of memory (ENOMEM)")
	assert.Equal(t, "have unshare make a process for it: --fork", b.try)
}

// The kernel ends the command with pid 1, unless somebody else did.
func TestWhoEndedTheCommand(t *testing.T) {
	for by, cut := range map[string]bool{"the kernel": true, "itself": false} {
		k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
		k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
		child := first.start("CLONE_NEWPID")
		command := child.clone().exec("/bin/true", "/bin/true")
		if !cut {
			command.call(evidence.Event{Call: "kill", PID: command.PIDSelf(), Signal: "SIGKILL"})
		}
		command.killed("SIGKILL")
		child.exit(0)
		first.wait(child).exit(0)
		f, err := study(k.over())
		require.NoError(t, err)
		require.NotNil(t, f.command)
		_, ok := f.cutWithPID1()
		assert.Equal(t, cut, ok, by)
	}
}

// A tool that failed is named where what it was to do is missing, and where no later one
// did it.
func TestToolsOfWhichNobodyAskedHowTheyEnded(t *testing.T) {
	used := func(code int, argv ...string) func(*evidence.Run) {
		return func(run *evidence.Run) {
			run.Processes = append(run.Processes, &evidence.Process{
				ID: len(run.Processes), Execs: []evidence.Exec{{Seq: 1, Path: "/usr/sbin/" + argv[0], Argv: argv}}, Exit: &evidence.Exit{Seq: 2, Code: code},
			})
		}
	}
	masquerade := []string{"iptables", "-t", "nat", "-A", "POSTROUTING", "-j", "MASQUERADE"}
	for _, c := range []struct {
		recording string
		step      int
		change    func(*evidence.Run)
		why       string
	}{
		{"no-nat", 4, used(2, masquerade...), `the host's packet filter has no rule for it; "iptables -t nat -A POSTROUTING -j MASQUERADE" exited with 2`},
		{"no-nat", 4, used(0, masquerade...), "the host's packet filter has no rule for it"},
		{"no-nat", 4, used(1, "iptables", "-t", "nat", "-C", "POSTROUTING", "-j", "MASQUERADE"), "the host's packet filter has no rule for it"},
		{"no-forwarding", 4, used(255, "sysctl", "-w", "net.ipv4.ip_forwarding=1"), `the host does not forward packets: its net.ipv4.ip_forward is 0; "sysctl -w net.ipv4.ip_forwarding=1" exited with 255`},
		{"rule-left-when-failing", 6, used(1, "nft", "delete", "table", "my-container"), `"nft delete table my-container" exited with 1`},
	} {
		o := judge07(t, network07(t, c.recording, c.change), c.step, nil)
		require.NotEmpty(t, o.Findings, c.recording)
		assert.Contains(t, o.Findings[0].Why, c.why)
		if !strings.Contains(c.why, "exited") {
			assert.NotContains(t, o.Findings[0].Why, "exited")
		}
	}
}

func TestTheEndOfALongComplaintIsKept(t *testing.T) {
	assert.Equal(t, `"short: no such device"`, complaint("short: no such device\n"))
	long := "ip link set eth0 netns 25838 name a-very-long-name and still more of it and on and on: exit status 2: Error: An interface with the same name exists in the target netns."
	assert.Equal(t, `"ip link set eth0 netns 25838 name a-very-long-name and"..."An interface with the same name exists in the target netns."`, complaint(long))
}

// Where the parent gave up before the command was executed, that is why there is no pair.
func TestTheParentGaveUpBeforeItMadeAPair(t *testing.T) {
	for before, why := range map[bool]string{
		true:  `the first process exited with 1 with the words "no such tool", before the command was executed`,
		false: "",
	} {
		k, first := newKernel(RunSpec{Args: []string{"run", "box", "/bin/true"}})
		k.run.Image = &evidence.Image{Name: "box", Path: "/fs/box/rootfs"}
		k.run.Host.Internet = &evidence.Internet{}
		child := first.start("CLONE_NEWPID", "CLONE_NEWNS", "CLONE_NEWNET")
		if before {
			first.log("no such tool\n").exit(1)
		}
		child.exec("/bin/true", "/bin/true")
		if !before {
			first.log("no such tool\n").exit(1)
		}
		child.exit(0)
		f, err := study(k.over())
		require.NoError(t, err)
		b := f.noLink(&evidence.Networks{Own: &evidence.Network{}, Host: &evidence.Network{}})
		assert.Equal(t, "link-missing", b.cause)
		assert.Equal(t, why, b.why)
	}
}
