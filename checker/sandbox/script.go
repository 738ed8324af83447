package sandbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The descriptors that the processes of a script begin with: the standard
// streams, and these.
const (
	goOnFD   = 3 // a byte: go on. Its end: the checker is gone, or is done
	reportFD = 4 // what failed in the script
	statusFD = 5 // the pid of init, then the first process's wait status
	mountsFD = 6 // the mount namespace that the checker is in
)

// begin prepares what the janitor does, and what the sandbox's init does until it
// waits for the checker: the janitor forks init, makes the group, and removes it
// when the checker is gone or done.
func (r *running) begin(gr *group) *script {
	s := newScript()
	var asInit, over place
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, mountsFD+1, 0xffffffff, 0)
	s.do("block signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.word(^uint64(0)), 0, 8)
	s.try("set name", unix.SYS_PRCTL, unix.PR_SET_NAME, s.str("pidone-janitor"))
	s.try("umask", unix.SYS_UMASK, 0o022)
	// CLONE_PARENT: init is a child of the checker's, not of the janitor.
	flags := unix.CLONE_PARENT | unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWNET | gr.flags()
	if !r.host.root {
		flags |= unix.CLONE_NEWUSER
	}
	clone := s.bytes(cloneArgs{flags: flags}.bytes())
	gr.make(s, r.cmd.Limits, clone)
	pid := s.word(0)
	s.do("make namespaces", unix.SYS_CLONE3, clone, unsafe.Sizeof(cloneArgs{})).to(pid)
	s.test(pid, exactly(0), &asInit)
	s.do("tell pid", unix.SYS_WRITE, statusFD, pid, 8)
	if !r.last { // else it is the last to leave it
		s.try("leave mount namespace", unix.SYS_SETNS, mountsFD, unix.CLONE_NEWNS)
	}
	// The standard streams too: who reads them must see their end.
	s.do("close standard streams", unix.SYS_CLOSE_RANGE, 0, 2, 0)
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, reportFD, 0xffffffff, 0)
	s.try("wait for the checker", unix.SYS_PPOLL, s.word(goOnFD), 1, 0, 0) // for its end alone
	s.jump(&over)
	s.report(reportFD)
	s.here(&over)
	gr.remove(s)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)

	s.failHere(reportFD)
	s.here(&asInit)
	s.do("close descriptors", unix.SYS_CLOSE, mountsFD)
	s.try("set name", unix.SYS_PRCTL, unix.PR_SET_NAME, s.str("init"))
	s.bringUpLoopback()
	if !r.host.root { // else these would be the machine's
		s.limitNamespaces()
	}
	s.must(s.do("wait for the checker", unix.SYS_READ, goOnFD, s.word(0), 1), but(1))
	return s
}

// complete prepares the rest: init finishes the host from inside, forks the first
// process and waits until nothing is left; the first process becomes the program.
func (r *running) complete(s *script, b *rootBuilder, gr *group, prog []unix.SockFilter) {
	cmd := r.cmd
	var asProgram place
	s.becomeInit(gr)
	if gr != nil && gr.owner >= 0 {
		s.showGroups(b)
	}
	s.enterRoot(b)
	// Five digits, so that no date or count in a text is a pid by accident.
	s.writeFile("set last pid", "/proc/sys/kernel/ns_last_pid", strconv.Itoa(11000+rand.IntN(19000)), false)
	// The rest is done while the first process makes itself ready, which waits
	// for it.
	ready, child := s.word(0), s.word(0)
	s.do("make eventfd", unix.SYS_EVENTFD2, 0, unix.EFD_CLOEXEC).to(ready)
	s.do("start the program's process", unix.SYS_CLONE3, s.bytes(cloneArgs{exitSignal: uint64(unix.SIGCHLD)}.bytes()), unsafe.Sizeof(cloneArgs{})).to(child)
	s.test(child, exactly(0), &asProgram)
	s.leaveMachine()
	s.do("set hostname", unix.SYS_SETHOSTNAME, s.str(b.name), uintptr(len(b.name)))
	s.do("let the first process go on", unix.SYS_WRITE, 0, s.word(1), 8).from(0, ready)
	s.reapAll(child, statusFD, goOnFD)
	// The end of this process, with the namespaces that nobody else is in, takes the
	// kernel longer than a small program. Who need not wait for that sees this.
	s.try("tell the end", unix.SYS_CLOSE, reportFD)
	s.do("exit", unix.SYS_EXIT_GROUP, 0)

	s.here(&asProgram)
	s.becomeProgram(cmd, gr.limited(), prog, ready)
}

// becomeInit makes the process the root of the sandbox's user namespace, in its
// group and in a session of its own, that dies with the checker and cannot be
// looked into.
func (s *script) becomeInit(gr *group) {
	gr.enter(s)
	// setgroups is refused in a user namespace that an ordinary user made.
	s.try("setgroups", unix.SYS_SETGROUPS, 0, 0)
	s.do("become the sandbox's group", unix.SYS_SETRESGID, 0, 0, 0)
	s.do("become the sandbox's root", unix.SYS_SETRESUID, 0, 0, 0)
	s.try("setsid", unix.SYS_SETSID)
	// The mounts come from the namespace of the checker's thread, with more rights.
	s.do("make mount and cgroup namespaces", unix.SYS_UNSHARE, unix.CLONE_NEWNS|unix.CLONE_NEWCGROUP)
	// The change of ids took back dumpable and the parent-death signal,
	// prctl(2); so they are set after it. A checker that is dying just then may
	// have sent its signals before, and hold its pipes still: what cannot miss
	// its end is reapAll.
	s.do("die with the checker", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	s.do("be closed to looks", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0)
	poll := s.word(goOnFD | unix.POLLIN<<32)
	s.must(s.do("look for the checker", unix.SYS_PPOLL, poll, 1, s.bytes(make([]byte, 16)), 0), but(0))
}

// enterRoot mounts what belongs to the namespaces of the sandbox and makes its
// root the root, with the machine's on top of it.
func (s *script) enterRoot(b *rootBuilder) {
	mount := func(what, source, target, fstype string, flags uintptr, data string) *call {
		return s.do(what, unix.SYS_MOUNT, s.str(source), s.str(target), s.str(fstype), flags, s.str(data))
	}
	const flags = unix.MS_NOSUID | unix.MS_NOEXEC
	mount("mount /proc", "proc", b.at("/proc"), "proc", flags|unix.MS_NODEV, "")
	pts := "newinstance,ptmxmode=0666,mode=620"
	if b.ids.count > 5 {
		pts += ",gid=5"
	}
	mount("mount /dev/pts", "devpts", b.at("/dev/pts"), "devpts", flags, pts)
	// All mounts made outside are locked in this user namespace,
	// mount_namespaces(7), and a locked mount cannot be pivoted to. A copy of
	// the whole tree can; what is below its root stays locked to it.
	mount("copy root", b.base, b.base, "", unix.MS_BIND|unix.MS_REC, "")
	s.do("enter root", unix.SYS_CHDIR, s.str(b.base))
	dot := s.str(".")
	s.do("pivot root", unix.SYS_PIVOT_ROOT, dot, dot)
}

// leaveMachine lets go of the machine's root.
func (s *script) leaveMachine() {
	s.do("leave the machine's root", unix.SYS_UMOUNT2, s.str("."), unix.MNT_DETACH)
	root := s.str("/")
	s.do("enter root", unix.SYS_CHDIR, root)
	// As on a machine with systemd: who forgets to make / private in a mount
	// namespace of his own meets what he would meet there.
	none := s.str("")
	s.do("share root", unix.SYS_MOUNT, none, root, none, unix.MS_SHARED|unix.MS_REC, none)
}

// Limits, in a sandbox, of what the kernel counts for the machine's user who
// made its user namespace too: namespaces, a kind, and inotify instances, of
// which that user has 128 in all; queued signals; bytes of POSIX message queues.
const (
	maxNamespaces = 64
	maxInotify    = 16
	maxSignals    = 1024
	maxQueues     = 256 << 10
)

// bringUpLoopback does that in the network namespace at hand.
func (s *script) bringUpLoopback() {
	socket := s.word(0)
	s.do("open socket", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0).to(socket)
	var req [unix.IFNAMSIZ + 24]byte // struct ifreq, netdevice(7)
	copy(req[:], "lo")
	binary.NativeEndian.PutUint16(req[unix.IFNAMSIZ:], unix.IFF_UP|unix.IFF_RUNNING)
	s.do("bring up loopback", unix.SYS_IOCTL, 0, unix.SIOCSIFFLAGS, s.bytes(req[:])).from(0, socket)
	s.try("close", unix.SYS_CLOSE).from(0, socket)
}

// limitNamespaces sets the limits of the sandbox's user namespace.
func (s *script) limitNamespaces() {
	for _, kind := range [...]string{"user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"} {
		s.writeFile("limit namespaces", "/proc/sys/user/max_"+kind+"_namespaces", strconv.Itoa(maxNamespaces), false)
	}
	s.writeFile("limit inotify", "/proc/sys/user/max_inotify_instances", strconv.Itoa(maxInotify), false)
}

// becomeProgram turns the forked process into the submission's first.
func (s *script) becomeProgram(cmd *Command, grouped bool, prog []unix.SockFilter, ready uintptr) {
	s.do("setsid", unix.SYS_SETSID)
	if cmd.Terminal != 0 {
		s.do("take terminal", unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 0)
	}
	for _, l := range rlimits(cmd.Limits, grouped) {
		s.do(fmt.Sprintf("set %s, of which %d are enough (ulimit -H -a tells the caller's)", l.name, l.enough), unix.SYS_PRLIMIT64, 0, uintptr(l.resource), s.bytes(l.bytes()))
	}
	// Of what it has besides the standard streams nothing passes execve(2).
	s.do("close descriptors", unix.SYS_CLOSE_RANGE, 3, 0xffffffff, unix.CLOSE_RANGE_CLOEXEC)
	// It would lift the limits of namespaces in /proc/sys/user.
	s.do("drop CAP_SYS_RESOURCE", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, unix.CAP_SYS_RESOURCE)
	// What a caller ignores, as under nohup(1), stays ignored across execve(2).
	byDefault := s.bytes(make([]byte, sigactionSize))
	for sig := uintptr(1); sig <= 64; sig++ { // with the realtime ones
		if ignored(sig) {
			s.try("reset signals", unix.SYS_RT_SIGACTION, sig, byDefault, 0, 8)
		}
	}
	s.do("unblock signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.bytes(make([]byte, 8)), 0, 8)
	path, argv, env := s.str(cmd.Path), s.strs(cmd.Args), s.strs(cmd.Env)
	s.install(prog)
	s.must(s.do("wait for init", unix.SYS_READ, 0, s.word(0), 8).from(0, ready), but(8))
	s.do("enter "+cmd.Dir, unix.SYS_CHDIR, s.str(cmd.Dir))
	s.do("execute "+cmd.Path, unix.SYS_EXECVE, path, argv, env)
}

// sigactionSize is the size of the kernel's struct sigaction. All zero it says
// SIG_DFL; its first word is the handler.
const sigactionSize = 32

// ignored tells whether this process, and so what it starts, ignores a signal.
func ignored(sig uintptr) bool {
	const ignore = 1 // SIG_IGN
	var old [sigactionSize]byte
	_, _, errno := unix.RawSyscall6(unix.SYS_RT_SIGACTION, sig, 0, uintptr(unsafe.Pointer(&old)), 8, 0, 0)
	return errno == 0 && binary.NativeEndian.Uint64(old[:]) == ignore
}

// rlimit is a limit that the program gets. A caller's lower one is taken in its place if
// that is enough for every right program; else the kernel refuses to raise it,
// setrlimit(2), and with that there is no run.
type rlimit struct {
	name       string
	resource   int
	soft, hard uint64
	enough     uint64
}

func (l rlimit) bytes() []byte {
	return binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, l.soft), l.hard)
}

func rlimits(l Limits, grouped bool) []rlimit {
	limits := []rlimit{
		// The one value that a pipe in core_pattern heeds too, core(5). The
		// filter lets nobody change it.
		{"RLIMIT_CORE", unix.RLIMIT_CORE, 1, 1, 0},
		{"RLIMIT_FSIZE", unix.RLIMIT_FSIZE, uint64(l.Disk), uint64(l.Disk), uint64(l.Disk)},
		{"RLIMIT_NOFILE", unix.RLIMIT_NOFILE, 1024, 4096, 256},
		{"RLIMIT_SIGPENDING", unix.RLIMIT_SIGPENDING, maxSignals, maxSignals, 0},
		{"RLIMIT_MSGQUEUE", unix.RLIMIT_MSGQUEUE, maxQueues, maxQueues, 0},
		{"RLIMIT_RTPRIO", unix.RLIMIT_RTPRIO, 0, 0, 0}, // those of a caller who has more are not for the sandbox
		{"RLIMIT_NICE", unix.RLIMIT_NICE, 0, 0, 0},
		{"RLIMIT_AS", unix.RLIMIT_AS, unix.RLIM_INFINITY, unix.RLIM_INFINITY, 16 << 30},
	}
	memory := rlimit{"RLIMIT_DATA", unix.RLIMIT_DATA, unix.RLIM_INFINITY, unix.RLIM_INFINITY, 16 << 30}
	if !grouped {
		// What cgroups would do for all processes together.
		memory.soft, memory.hard, memory.enough = uint64(l.Memory), uint64(l.Memory), uint64(l.Memory)
		limits = append(limits, rlimit{"RLIMIT_NPROC", unix.RLIMIT_NPROC, uint64(l.Processes), uint64(l.Processes), uint64(l.Processes)})
	}
	limits = append(limits, memory)
	for i := range limits {
		limits[i].lower()
	}
	return limits
}

// lower makes a limit the caller's, where that is enough.
func (l *rlimit) lower() {
	var own unix.Rlimit
	if unix.Getrlimit(l.resource, &own) == nil && own.Max >= l.enough {
		l.soft, l.hard = min(l.soft, own.Max), min(l.hard, own.Max)
	}
}

// allowCore sees to it that the limit of core dumps can be the one of rlimits. sudo, for
// one, starts programs with 0, from which only the machine's root can get away.
func allowCore() error {
	var own unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &own); err != nil || own.Max > 0 {
		return err
	}
	raised := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{Cur: 0, Max: 1})
	if pattern, err := readFile("/proc/sys/kernel/core_pattern"); raised == nil || err == nil && !strings.HasPrefix(string(pattern), "|") {
		return nil // 0 is as good where no pipe is
	}
	return errors.New("the hard limit of core dumps is 0, with which a program of the machine's would get those of the sandbox: " +
		"run as root, or allow more (ulimit -H -c; hard core in /etc/security/limits.conf)")
}
