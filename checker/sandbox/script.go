package sandbox

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// script prepares what the sandbox's init does: it finishes the host from
// inside, forks the first process, which becomes the program, and waits until
// nothing is left.
func (r *running) script(b *rootBuilder, gr *group, prog []unix.SockFilter) (*script, error) {
	s := newScript()
	keep := append([]int{r.stdio[0], r.stdio[1], r.stdio[2], r.goOn[0], r.report[1], r.status[1]}, r.outputs...)
	if gr != nil {
		keep = append(keep, gr.join...)
	}
	s.try("set name", unix.SYS_PRCTL, unix.PR_SET_NAME, s.str("init"))
	s.wipeArgs()
	// Our own end of goOn is among what is closed: its end must mean that the
	// checker is gone.
	s.closeExcept(keep...)
	s.do("wait for the checker", unix.SYS_READ, uintptr(r.goOn[0]), s.bytes(make([]byte, 8)), 1).expect = mustBeOne
	if gr != nil {
		for _, fd := range gr.join {
			s.do("join cgroup", unix.SYS_WRITE, uintptr(fd), s.str("0"), 1)
			s.do("close", unix.SYS_CLOSE, uintptr(fd))
		}
	}
	s.become(r)
	for i, fd := range r.stdio {
		s.do("set up standard streams", unix.SYS_DUP3, uintptr(fd), uintptr(i), 0)
		s.do("close", unix.SYS_CLOSE, uintptr(fd))
	}
	s.finishMounts(b)
	s.finishHost(b, r.host.root)

	child := s.do("start the program's process", unix.SYS_CLONE3, s.bytes(cloneBytes(cloneArgs{exitSignal: uint64(unix.SIGCHLD)})), unsafe.Sizeof(cloneArgs{}))
	child.kind = fork
	at := len(s.calls) - 1
	s.reapAll(r.status[1], r.goOn[0])
	for i, path := range r.cmd.Outputs {
		open := s.try("open "+path, unix.SYS_OPENAT, atFDCWD, s.str(path), unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC)
		open.slot = 1
		s.try("read "+path, unix.SYS_SENDFILE, uintptr(r.outputs[i]), 0, 0, uintptr(r.cmd.Limits.Disk)).from[1] = 1
		s.closeSlot(1)
	}
	s.do("exit", unix.SYS_EXIT_GROUP, 0)

	s.calls[at].target = len(s.calls)
	s.becomeProgram(r, gr.limited(), prog)
	return s, nil
}

// wipeArgs overwrites the checker's own command line in init's memory, which
// /proc/1/cmdline would show to the submission.
func (s *script) wipeArgs() {
	args := os.Args
	if len(args) == 0 || len(args[0]) == 0 {
		return
	}
	// The runtime's os.Args are the kernel's: one string behind the other,
	// each with a NUL; execve(2).
	start := uintptr(unsafe.Pointer(unsafe.StringData(args[0])))
	end := start
	for _, a := range args {
		if a != "" && uintptr(unsafe.Pointer(unsafe.StringData(a))) != end {
			return // somebody changed os.Args
		}
		end += uintptr(len(a)) + 1
	}
	s.do("open /dev/zero", unix.SYS_OPENAT, atFDCWD, s.str("/dev/zero"), unix.O_RDONLY|unix.O_CLOEXEC, 0).slot = 1
	s.do("wipe command line", unix.SYS_READ, 0, start, end-start).from[0] = 1
	s.closeSlot(1)
}

func cloneBytes(a cloneArgs) []byte {
	b := make([]byte, unsafe.Sizeof(a))
	*(*cloneArgs)(unsafe.Pointer(unsafe.SliceData(b))) = a
	return b
}

// become makes init the root of the sandbox's user namespace, in a session of
// its own, that dies with the checker and cannot be looked into.
func (s *script) become(r *running) {
	// setgroups is refused in a user namespace that an ordinary user made.
	s.try("setgroups", unix.SYS_SETGROUPS, 0, 0)
	s.do("become the sandbox's group", unix.SYS_SETRESGID, 0, 0, 0)
	s.do("become the sandbox's root", unix.SYS_SETRESUID, 0, 0, 0)
	s.try("setsid", unix.SYS_SETSID)
	s.do("make cgroup namespace", unix.SYS_UNSHARE, unix.CLONE_NEWCGROUP)
	// The change of ids took back dumpable and the parent-death signal,
	// prctl(2); so they are set after it. A checker that is dying just then may
	// have sent its signals before, and hold its pipes still: what cannot miss
	// its end is reapAll.
	s.do("die with the checker", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	s.do("be closed to looks", unix.SYS_PRCTL, unix.PR_SET_DUMPABLE, 0)
	poll := make([]byte, 8)
	binary.NativeEndian.PutUint32(poll, uint32(r.goOn[0]))
	binary.NativeEndian.PutUint16(poll[4:], unix.POLLIN)
	now := make([]byte, 16)
	s.do("look for the checker", unix.SYS_PPOLL, s.bytes(poll), 1, s.bytes(now), 0).expect = mustBeZero
	s.try("umask", unix.SYS_UMASK, 0o022)
}

// finishMounts mounts what belongs to the namespaces of the sandbox and makes
// its root the root.
func (s *script) finishMounts(b *rootBuilder) {
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
	s.do("leave the machine's root", unix.SYS_UMOUNT2, dot, unix.MNT_DETACH)
	s.do("enter root", unix.SYS_CHDIR, s.str("/"))
	// As on a machine with systemd: who forgets to make / private in a mount
	// namespace of his own meets what he would meet there.
	mount("share root", "", "/", "", unix.MS_SHARED|unix.MS_REC, "")
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

// finishHost sets what else a machine has: pids, limits, name, loopback.
func (s *script) finishHost(b *rootBuilder, root bool) {
	var word [2]byte
	rand.Read(word[:]) // never fails
	// Five digits, so that no date or count in a text is a pid by accident.
	last := 11000 + int(binary.NativeEndian.Uint16(word[:]))%19000
	s.writeFile("/proc/sys/kernel/ns_last_pid", strconv.Itoa(last), mayFail)
	if !root { // else these would be the machine's
		s.limitNamespaces()
	}
	s.do("set hostname", unix.SYS_SETHOSTNAME, s.str(b.name), uintptr(len(b.name)))
	s.do("open socket", unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0).slot = 1
	var req struct { // struct ifreq, netdevice(7)
		name  [unix.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}
	copy(req.name[:], "lo")
	req.flags = unix.IFF_UP | unix.IFF_RUNNING
	lo := req
	s.keep = append(s.keep, &lo)
	s.do("bring up loopback", unix.SYS_IOCTL, 0, unix.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&lo))).from[0] = 1
	s.closeSlot(1)
}

// limitNamespaces sets the limits of the sandbox's user namespace.
func (s *script) limitNamespaces() {
	for _, kind := range [...]string{"user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"} {
		s.writeFile("/proc/sys/user/max_"+kind+"_namespaces", strconv.Itoa(maxNamespaces), mayFail)
	}
	s.writeFile("/proc/sys/user/max_inotify_instances", strconv.Itoa(maxInotify), mayFail)
}

// becomeProgram turns the forked process into the submission's first.
func (s *script) becomeProgram(r *running, grouped bool, prog []unix.SockFilter) {
	s.do("setsid", unix.SYS_SETSID)
	if r.cmd.Terminal != 0 {
		s.do("take terminal", unix.SYS_IOCTL, 0, unix.TIOCSCTTY, 0)
	}
	for _, l := range r.rlimits(grouped) {
		s.do(fmt.Sprintf("set rlimit %d", l.resource), unix.SYS_PRLIMIT64, 0, uintptr(l.resource), s.bytes(l.bytes()))
	}
	// It would lift the limits of namespaces in /proc/sys/user.
	s.do("drop CAP_SYS_RESOURCE", unix.SYS_PRCTL, unix.PR_CAPBSET_DROP, unix.CAP_SYS_RESOURCE)
	s.do("enter "+r.cmd.Dir, unix.SYS_CHDIR, s.str(r.cmd.Dir))
	// What a caller ignores, as under nohup(1), stays ignored across execve(2).
	byDefault := s.bytes(make([]byte, 32)) // struct sigaction of the kernel, SIG_DFL
	for sig := 1; sig <= 64; sig++ {       // with the realtime ones
		s.try("reset signals", unix.SYS_RT_SIGACTION, uintptr(sig), byDefault, 0, 8)
	}
	s.do("unblock signals", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, s.bytes(make([]byte, 8)), 0, 8)
	path, argv, env := s.str(r.cmd.Path), s.strs(r.cmd.Args), s.strs(r.cmd.Env)
	s.install(prog)
	s.do("execute "+r.cmd.Path, unix.SYS_EXECVE, path, argv, env)
}

type rlimit struct {
	resource   int
	soft, hard uint64
}

func (l rlimit) bytes() []byte {
	return binary.NativeEndian.AppendUint64(binary.NativeEndian.AppendUint64(nil, l.soft), l.hard)
}

func (r *running) rlimits(grouped bool) []rlimit {
	l := r.cmd.Limits
	same := func(resource int, v uint64) rlimit { return rlimit{resource, v, v} }
	limits := []rlimit{
		// The one value that a pipe in core_pattern heeds too, core(5). The
		// filter refuses to change it.
		same(unix.RLIMIT_CORE, 1),
		same(unix.RLIMIT_FSIZE, uint64(l.Disk)),
		{unix.RLIMIT_NOFILE, 1024, 4096},
		same(unix.RLIMIT_SIGPENDING, maxSignals),
		same(unix.RLIMIT_MSGQUEUE, maxQueues),
		same(unix.RLIMIT_RTPRIO, 0), // those of a caller who has more are not for the sandbox
		same(unix.RLIMIT_NICE, 0),
	}
	if !grouped {
		// What cgroups would do for all processes together.
		limits = append(limits, same(unix.RLIMIT_NPROC, uint64(l.Processes)), same(unix.RLIMIT_DATA, uint64(l.Memory)))
	}
	return limits
}
