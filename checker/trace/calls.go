package trace

import (
	"golang.org/x/sys/unix"

	"pidone/checker/evidence"
	"pidone/checker/sandbox"
)

// A call is one system call that is traced.
type call struct {
	nr    uint32
	name  string // the kernel's
	class class
	// when lists what one of its arguments must be for it to be traced at
	// all. Empty: always.
	when []condition
	// enter fills in what was asked for. It returns false for a call that is
	// no event.
	enter func(c *caller, args [6]uint64, ev *evidence.Event) bool
}

// class says what the recorder does when a call returns.
type class uint8

const (
	other    class = iota // nothing but note the result
	makes                 // a process may have been made
	moves                 // the caller's state may have changed
	remounts              // a mount may have changed
	execs                 // another program may run
	writes                // something may have come out
	opens                 // a file that matters may have been opened
	asides                // nothing that a check looks at; such calls explain
	exits                 // it does not return
)

// condition is one reason to trace a call: an argument with one of the bits set.
type condition struct {
	arg int
	any uint32
}

// openToWrite are the flags of open(2) by which a file may change.
const openToWrite = unix.O_WRONLY | unix.O_RDWR | unix.O_CREAT | unix.O_TRUNC

// calls lists every traced call. prctl has rules of its own, see Rules; socket
// has the sandbox's: Command.Netfilter.
func calls() []call {
	return append([]call{
		{nr: unix.SYS_CLONE, name: "clone", class: makes, enter: enterClone},
		{nr: unix.SYS_CLONE3, name: "clone3", class: makes, enter: enterClone3},
		{nr: unix.SYS_EXECVE, name: "execve", class: execs, enter: enterExecve},
		{nr: unix.SYS_EXECVEAT, name: "execveat", class: execs, enter: enterExecveat},

		{nr: unix.SYS_UNSHARE, name: "unshare", class: moves, enter: enterUnshare},
		{nr: unix.SYS_SETNS, name: "setns", class: moves, enter: enterSetns},
		{nr: unix.SYS_SETHOSTNAME, name: "sethostname", class: moves, enter: enterName},
		{nr: unix.SYS_SETDOMAINNAME, name: "setdomainname", class: moves, enter: enterName},
		{nr: unix.SYS_CHROOT, name: "chroot", class: moves, enter: enterPath},
		{nr: unix.SYS_PIVOT_ROOT, name: "pivot_root", class: moves, enter: enterPivotRoot},

		{nr: unix.SYS_CHDIR, name: "chdir", class: asides, enter: enterPath},
		{nr: unix.SYS_FCHDIR, name: "fchdir", class: asides, enter: enterFchdir},
		{nr: unix.SYS_MOUNT, name: "mount", class: remounts, enter: enterMount},
		{nr: unix.SYS_UMOUNT2, name: "umount2", class: remounts, enter: enterUmount},
		{nr: unix.SYS_MOVE_MOUNT, name: "move_mount", class: remounts, enter: enterMoveMount},
		{nr: unix.SYS_MOUNT_SETATTR, name: "mount_setattr", class: remounts, enter: enterMountSetattr},
		{nr: unix.SYS_MKNODAT, name: "mknodat", enter: enterMknodat, when: []condition{{2, unix.S_IFCHR}}},
		{nr: unix.SYS_PRCTL, name: "prctl", class: asides, enter: enterPrctl},
		{nr: unix.SYS_SECCOMP, name: "seccomp", class: asides, enter: enterSeccomp},
		{nr: unix.SYS_KILL, name: "kill", class: asides, enter: enterKill},
		// Signal 0 is how Go finds out whether pidfds work.
		{nr: unix.SYS_PIDFD_SEND_SIGNAL, name: "pidfd_send_signal", class: asides, enter: enterPidfdSendSignal, when: []condition{{1, 0xffffffff}}},
		{nr: unix.SYS_SOCKET, name: "socket", class: asides, enter: enterSocket},
		// The sandbox lets PTRACE_TRACEME alone come as far as here.
		{nr: unix.SYS_PTRACE, name: "ptrace", class: asides, enter: enterPtrace},
		{nr: unix.SYS_REBOOT, name: "reboot", enter: enterReboot},

		{nr: unix.SYS_OPENAT, name: "openat", class: opens, enter: enterOpenat, when: []condition{{2, openToWrite}}},
		{nr: unix.SYS_OPENAT2, name: "openat2", class: opens, enter: enterOpenat2},

		{nr: unix.SYS_WRITE, name: "write", class: writes, enter: enterWrite},
		{nr: unix.SYS_PWRITE64, name: "pwrite64", class: writes, enter: enterWrite},
		{nr: unix.SYS_SENDTO, name: "sendto", class: writes, enter: enterWrite},
		{nr: unix.SYS_WRITEV, name: "writev", class: writes, enter: enterWritev},
		{nr: unix.SYS_PWRITEV, name: "pwritev", class: writes, enter: enterWritev},
		{nr: unix.SYS_PWRITEV2, name: "pwritev2", class: writes, enter: enterWritev},
		{nr: unix.SYS_VMSPLICE, name: "vmsplice", class: writes, enter: enterVmsplice},
		{nr: unix.SYS_SENDMSG, name: "sendmsg", class: writes, enter: enterSendmsg},
		{nr: unix.SYS_SENDMMSG, name: "sendmmsg", class: writes, enter: enterSendmmsg},
		{nr: unix.SYS_SENDFILE, name: "sendfile", class: writes, enter: enterSendfile},
		{nr: unix.SYS_SPLICE, name: "splice", class: writes, enter: enterSplice},
		{nr: unix.SYS_TEE, name: "tee", class: writes, enter: enterTee},
	}, callsHere()...)
}

// Rules returns the rules of the system call filter by which a sandbox stops
// for this recorder. Calls of other threads than those that make a process are
// let through: Go makes about three threads in every process.
func (r *Recorder) Rules() []sandbox.Rule {
	trace := func(nr uint32, op sandbox.Op, arg int, value uint32) sandbox.Rule {
		return sandbox.Rule{Nr: nr, Op: op, Arg: arg, Value: value, Action: sandbox.RetTrace}
	}
	var rules []sandbox.Rule
	for _, c := range r.calls {
		switch {
		case c.nr == unix.SYS_CLONE:
			// A new thread may have namespaces of its own, pid and user aside.
			rules = append(rules,
				trace(c.nr, sandbox.NoneSet, 0, unix.CLONE_THREAD),
				trace(c.nr, sandbox.AnySet, 0, newNamespaces))
		case c.nr == unix.SYS_PRCTL:
			for _, op := range prctlOperations() {
				rules = append(rules, trace(c.nr, sandbox.Equal, 0, uint32(op.bit)))
			}
		case c.nr == unix.SYS_SOCKET:
		case len(c.when) > 0:
			for _, w := range c.when {
				rules = append(rules, trace(c.nr, sandbox.AnySet, w.arg, w.any))
			}
		case c.class == exits && r.opts.Inject == nil:
		default:
			rules = append(rules, trace(c.nr, sandbox.Always, 0, 0))
		}
	}
	return rules
}
