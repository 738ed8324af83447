package trace

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
)

// A caller is the thread that makes a call, as far as reading its arguments
// goes. Everything in its memory is hostile: it may lie, point nowhere, and
// change while it is read.
type caller struct {
	mem memory
	fds descriptors
	// room is how many bytes of a write may be kept.
	room int
	// flags is set by the calls that make a process: clone's, with the exit
	// signal in the low byte.
	flags uint64
	// ends is set by sendmmsg.
	ends []end
}

// descriptors are the caller's open files.
type descriptors interface {
	// target tells where a descriptor leads.
	target(fd int32) evidence.Target
	// link returns what the descriptor's link in /proc holds, or "".
	link(fd int32) string
	// content returns what a regular file holds, from offset on; from the
	// descriptor's own position if offset is negative. It is nil for any other file.
	content(fd int32, offset int64, limit int) []byte
	// peek returns what waits in a pipe, and leaves it there.
	peek(fd int32, limit int) []byte
	// pid returns the pid on the host of the process that a pidfd leads to, or 0.
	pid(fd int32) int
	// writes tells whether the descriptor was opened for writing.
	writes(fd int32) bool
}

func enterFork(c *caller, _ [6]uint64, ev *evidence.Event) bool { return true }

func enterClone(c *caller, a [6]uint64, ev *evidence.Event) bool {
	const signal = 0xff // CSIGNAL, clone(2)
	c.flags = a[0] & 0xffffffff
	ev.Flags = withSignal(names(c.flags&^signal, cloneFlags()), a[0]&signal)
	return true
}

func enterClone3(c *caller, a [6]uint64, ev *evidence.Event) bool {
	// struct clone_args: flags first, exit_signal fifth.
	var list [5]uint64
	for i := range list {
		if uint64(8*i+8) > a[1] {
			break
		}
		list[i], _ = word(c.mem, a[0]+uint64(8*i))
	}
	c.flags = list[0] | list[4]&0xff
	// CLONE_NEWTIME's bit is free here: clone3 has its exit signal elsewhere.
	flags := append(cloneFlags(), flag{unix.CLONE_NEWTIME, "CLONE_NEWTIME"})
	ev.Flags = withSignal(names(list[0], flags), list[4])
	return true
}

func withSignal(flags []string, signal uint64) []string {
	if signal == 0 {
		return flags
	}
	return append(flags, signalName(signal))
}

func enterUnshare(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Flags = names(a[0]&0xffffffff, unshareFlags())
	return true
}

func enterSetns(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.fds.link(int32(a[0]))
	ev.Flags = names(a[1]&0xffffffff, unshareFlags())
	return true
}

func enterName(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Text = counted(c.mem, a[0], a[1]&0xffffffff)
	return true
}

func enterPath(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = text(c.mem, a[0], maxPath)
	return true
}

func enterSocket(c *caller, a [6]uint64, ev *evidence.Event) bool {
	if uint32(a[0]) != unix.AF_NETLINK || uint32(a[2]) != unix.NETLINK_NETFILTER {
		return false
	}
	ev.Text = "NETLINK_NETFILTER"
	return true
}

func enterFchdir(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.fds.link(int32(a[0]))
	return true
}

func enterPivotRoot(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = text(c.mem, a[0], maxPath)
	ev.Source = text(c.mem, a[1], maxPath)
	return true
}

func enterMount(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Source = text(c.mem, a[0], maxPath)
	ev.Path = text(c.mem, a[1], maxPath)
	ev.FSType = text(c.mem, a[2], maxName)
	const magic = 0xc0ed0000 // MS_MGC_VAL, which old programs put above the flags
	flags := a[3] & 0xffffffff
	if flags&0xffff0000 == magic {
		flags &^= magic
	}
	ev.Flags = names(flags, mountFlags())
	return true
}

func enterUmount(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = text(c.mem, a[0], maxPath)
	ev.Flags = names(a[1]&0xffffffff, umountFlags())
	return true
}

func enterMoveMount(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Source = c.below(int32(a[0]), a[1])
	ev.Path = c.below(int32(a[2]), a[3])
	ev.Flags = names(a[4]&0xffffffff, moveMountFlags())
	return true
}

func enterMountSetattr(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.below(int32(a[0]), a[1])
	propagation, _ := word(c.mem, a[3]+16) // struct mount_attr: the third word
	ev.Flags = names(propagation, mountFlags())
	if a[2]&unix.AT_RECURSIVE != 0 {
		ev.Flags = append(ev.Flags, "MS_REC")
	}
	return true
}

// enterMknodat is for devices alone: S_IFCHR's bit is in S_IFBLK too.
func enterMknodat(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.below(int32(a[0]), a[1])
	return true
}

func enterPrctl(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Text = nameOf(a[0]&0xffffffff, prctlOperations())
	return true
}

func enterPtrace(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Text = nameOf(a[0]&0xffffffff, ptraceRequests())
	return true
}

func enterSeccomp(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Text = nameOf(a[0]&0xffffffff, seccompOperations())
	ev.Flags = names(a[1]&0xffffffff, seccompFlags())
	return true
}

func enterKill(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.PID = int(int32(a[0]))
	ev.Signal = signalName(a[1] & 0xffffffff)
	return true
}

func enterPidfdSendSignal(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.PID = c.fds.pid(int32(a[0]))
	ev.Signal = signalName(a[1] & 0xffffffff)
	return true
}

func enterReboot(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Text = nameOf(a[2]&0xffffffff, rebootCommands())
	return true
}

func enterExecve(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = text(c.mem, a[0], maxPath)
	ev.Argv = vector(c.mem, a[1])
	return true
}

func enterExecveat(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.below(int32(a[0]), a[1])
	ev.Argv = vector(c.mem, a[2])
	return true
}

func enterOpen(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = text(c.mem, a[0], maxPath)
	ev.Flags = names(a[1]&0xffffffff, openFlags())
	return matters(ev.Path)
}

func enterCreat(c *caller, a [6]uint64, ev *evidence.Event) bool {
	return enterOpen(c, [6]uint64{a[0], unix.O_WRONLY | unix.O_CREAT | unix.O_TRUNC}, ev)
}

func enterOpenat(c *caller, a [6]uint64, ev *evidence.Event) bool {
	ev.Path = c.below(int32(a[0]), a[1])
	ev.Flags = names(a[2]&0xffffffff, openFlags())
	return matters(ev.Path)
}

func enterOpenat2(c *caller, a [6]uint64, ev *evidence.Event) bool {
	flags, _ := word(c.mem, a[2]) // struct open_how: flags first
	if flags&openToWrite == 0 {
		return false
	}
	ev.Path = c.below(int32(a[0]), a[1])
	ev.Flags = names(flags, openFlags())
	return matters(ev.Path)
}

// below puts a path and the directory descriptor that it counts from together.
func (c *caller) below(dir int32, address uint64) string {
	name := text(c.mem, address, maxPath)
	if dir == unix.AT_FDCWD || strings.HasPrefix(name, "/") {
		return name
	}
	return path.Join(c.fds.link(dir), name)
}

// matters tells whether opening a file for writing is worth an event: not
// where every program may write, nor where it may write about itself alone. A
// relative path is looked at again when the file is open.
func matters(name string) bool {
	for _, dir := range []string{"/work", "/tmp", "/dev", "/proc/self", "/proc/thread-self"} {
		if name == dir || strings.HasPrefix(name, dir+"/") {
			// "/tmp/../etc/hostname" is somewhere else.
			return strings.Contains(name, "/../")
		}
	}
	return true
}
