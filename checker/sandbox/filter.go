package sandbox

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"
)

// Actions of a filter, seccomp(2). RetTrace without a tracer is ENOSYS.
const (
	RetAllow = unix.SECCOMP_RET_ALLOW
	RetTrace = unix.SECCOMP_RET_TRACE
	retKill  = unix.SECCOMP_RET_KILL_PROCESS
)

// pretend is the action that makes a call succeed and do nothing.
const pretend = unix.SECCOMP_RET_ERRNO

// Refuse is the action that makes a call fail with errno.
func Refuse(errno unix.Errno) uint32 {
	return unix.SECCOMP_RET_ERRNO | uint32(errno)&unix.SECCOMP_RET_DATA
}

// refused are the rules of every sandbox: what no exercise needs and other
// systems fell to, but for what the Command says otherwise. Of those that fit a call
// the first one counts: so what hides stands before ptrace is refused altogether.
func refused(cmd *Command) []Rule {
	// What hides a process from its tracer, or would be another one of it. clone3's
	// flags lie in memory, where a filter cannot see them: the recorder looks at what
	// became of it. Whoever has a tracer, the kernel itself refuses him a second one.
	hiding := cmd.Hiding
	if hiding == 0 {
		hiding = Refuse(unix.EPERM)
	}
	rules := []Rule{
		{Nr: unix.SYS_CLONE, Op: AnySet, Arg: 0, Value: unix.CLONE_UNTRACED, Action: hiding},
		{Nr: unix.SYS_PTRACE, Op: Equal, Arg: 0, Value: unix.PTRACE_TRACEME, Action: hiding},
		{Nr: unix.SYS_SECCOMP, Op: AnySet, Arg: 1, Value: unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, Action: Refuse(unix.EPERM)},
	}

	all := func(errno unix.Errno, calls ...uint32) {
		for _, nr := range calls {
			rules = append(rules, Rule{Nr: nr, Action: Refuse(errno)})
		}
	}
	// io_uring and aio write without a system call of their own; programs
	// take ENOSYS for an old kernel and go on without.
	all(unix.ENOSYS,
		unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
		unix.SYS_IO_SETUP, unix.SYS_IO_SUBMIT)
	all(unix.EPERM,
		unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, // keyrings are not in a namespace
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_FANOTIFY_INIT,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
		unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
		unix.SYS_OPEN_BY_HANDLE_AT,
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_WRITEV,
		unix.SYS_ACCT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD,
		unix.SYS_SYSLOG, unix.SYS_VHANGUP,
		unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
		unix.SYS_MBIND, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_SET_MEMPOLICY,
		unix.SYS_LOOKUP_DCOOKIE, unix.SYS_NFSSERVCTL)
	all(unix.EPERM, refusedHere[:]...)

	// AF_VSOCK, AF_ALG, AF_PACKET and the like reach past the network namespace
	// or into seldom-used code of the kernel.
	for _, family := range []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6} {
		rules = append(rules, Rule{Nr: unix.SYS_SOCKET, Op: Equal, Arg: 0, Value: family, Action: RetAllow})
	}
	rules = append(rules, Rule{Nr: unix.SYS_SOCKET, Op: Unequal, Arg: 0, Value: unix.AF_NETLINK, Action: Refuse(unix.EAFNOSUPPORT)})
	// The same of AF_NETLINK, which is what is left: nf_tables and IPsec above all.
	netfilter := cmd.Netfilter
	if netfilter == 0 {
		netfilter = Refuse(unix.EPROTONOSUPPORT)
	}
	for _, protocol := range []uint32{unix.NETLINK_CRYPTO, unix.NETLINK_RDMA, unix.NETLINK_SCSITRANSPORT, unix.NETLINK_ISCSI} {
		rules = append(rules, Rule{Nr: unix.SYS_SOCKET, Op: Equal, Arg: 2, Value: protocol, Action: Refuse(unix.EPROTONOSUPPORT)})
	}
	rules = append(rules,
		Rule{Nr: unix.SYS_SOCKET, Op: Equal, Arg: 2, Value: unix.NETLINK_NETFILTER, Action: netfilter},
		Rule{Nr: unix.SYS_SOCKET, Op: Equal, Arg: 2, Value: unix.NETLINK_XFRM, Action: netfilter},
		Rule{Nr: unix.SYS_SOCKET, Action: RetAllow},
		Rule{Nr: unix.SYS_SOCKETPAIR, Op: Equal, Arg: 0, Value: unix.AF_UNIX, Action: RetAllow},
		Rule{Nr: unix.SYS_SOCKETPAIR, Action: Refuse(unix.EAFNOSUPPORT)})

	// A core dump may go to a program of the machine: see rlimits. Who sets the
	// limit, as daemons do, may think that it was done.
	rules = append(rules,
		Rule{Nr: unix.SYS_PRLIMIT64, Op: Unequal, Arg: 1, Value: unix.RLIMIT_CORE, Action: RetAllow},
		Rule{Nr: unix.SYS_PRLIMIT64, Op: NonZero, Arg: 2, Action: pretend}, // else it is only read
		Rule{Nr: unix.SYS_SETRLIMIT, Op: Equal, Arg: 0, Value: unix.RLIMIT_CORE, Action: pretend})

	// Typing into a terminal that others read, and line disciplines.
	for _, request := range []uint32{unix.TIOCSTI, unix.TIOCLINUX, unix.TIOCSETD} {
		rules = append(rules, Rule{Nr: unix.SYS_IOCTL, Op: Equal, Arg: 1, Value: request, Action: Refuse(unix.EPERM)})
	}
	return rules
}

// Offsets in struct seccomp_data, linux/seccomp.h.
const (
	dataNr   = 0
	dataArch = 4
	dataArgs = 16 // the low word of args[0]; both architectures are little-endian
)

// x32Bit marks calls of the x32 ABI, which share amd64's arch word.
const x32Bit = 0x40000000

// filter assembles the program of classic BPF for the rules. Calls of another
// architecture or ABI end the process: to them the numbers mean other calls.
//
// The call is looked for by halves: the kernel works through a filter for every
// number there is when it is installed, and for many a call of the submission.
func filter(rules []Rule) ([]unix.SockFilter, error) {
	for _, r := range rules {
		if r.Arg < 0 || r.Arg > 5 {
			return nil, fmt.Errorf("assemble filter: call %d: no argument %d", r.Nr, r.Arg)
		}
		if r.Op < Always || r.Op > NonZero {
			return nil, fmt.Errorf("assemble filter: call %d: no operation %d", r.Nr, r.Op)
		}
	}
	prog := append(make([]unix.SockFilter, 0, 512),
		load(dataArch), jump(unix.BPF_JEQ, auditArch, 1, 0), ret(retKill),
		load(dataNr), jump(unix.BPF_JGE, x32Bit, 0, 1), ret(retKill))
	rules = slices.Clone(rules)
	slices.SortStableFunc(rules, func(a, b Rule) int { return cmp.Compare(a.Nr, b.Nr) })
	var calls [][]Rule
	for n := 0; len(rules) > 0; rules = rules[n:] {
		for n = 1; n < len(rules) && rules[n].Nr == rules[0].Nr; n++ {
		}
		calls = append(calls, rules[:n])
	}
	prog = search(prog, calls)
	if len(prog) > unix.BPF_MAXINSNS {
		return nil, fmt.Errorf("assemble filter: %d instructions, at most %d", len(prog), unix.BPF_MAXINSNS)
	}
	return prog, nil
}

// search appends what finds the call, whose number is loaded, among those for
// which there are rules, and obeys these.
func search(prog []unix.SockFilter, calls [][]Rule) []unix.SockFilter {
	if len(calls) > 3 {
		half := len(calls) / 2
		// Where the number is not below, over what is for those below.
		prog = append(prog, jump(unix.BPF_JGE, calls[half][0].Nr, 0, 1), far(0))
		at := len(prog)
		prog = search(prog, calls[:half])
		prog[at-1] = far(len(prog) - at)
		return search(prog, calls[half:])
	}
	for _, rules := range calls {
		prog = append(prog, jump(unix.BPF_JEQ, rules[0].Nr, 1, 0), far(0))
		at := len(prog)
		for _, r := range rules {
			arg := load(uint32(dataArgs + 8*r.Arg))
			switch r.Op {
			case Always:
				prog = append(prog, ret(r.Action))
			case AnySet:
				prog = append(prog, arg, jump(unix.BPF_JSET, r.Value, 0, 1), ret(r.Action))
			case NoneSet:
				prog = append(prog, arg, jump(unix.BPF_JSET, r.Value, 1, 0), ret(r.Action))
			case Equal:
				prog = append(prog, arg, jump(unix.BPF_JEQ, r.Value, 0, 1), ret(r.Action))
			case Unequal:
				prog = append(prog, arg, jump(unix.BPF_JEQ, r.Value, 1, 0), ret(r.Action))
			case NonZero:
				prog = append(prog, arg, jump(unix.BPF_JEQ, 0, 0, 2), load(arg.K+4), jump(unix.BPF_JEQ, 0, 1, 0), ret(r.Action))
			}
		}
		prog = append(prog, ret(RetAllow))
		prog[at-1] = far(len(prog) - at)
	}
	return append(prog, ret(RetAllow))
}

func stmt(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }

func jump(code uint16, k uint32, jt, jf uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_K | code, Jt: jt, Jf: jf, K: k}
}

func far(n int) unix.SockFilter { return stmt(unix.BPF_JMP|unix.BPF_JA, uint32(n)) }

func load(offset uint32) unix.SockFilter { return stmt(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS, offset) }

func ret(action uint32) unix.SockFilter { return stmt(unix.BPF_RET|unix.BPF_K, action) }

// install appends the call that puts the filter on the calling process.
func (s *script) install(prog []unix.SockFilter) {
	var insns []byte
	for _, f := range prog {
		insns = binary.NativeEndian.AppendUint16(insns, f.Code)
		insns = append(insns, f.Jt, f.Jf)
		insns = binary.NativeEndian.AppendUint32(insns, f.K)
	}
	// struct sock_fprog: a length, a pointer.
	fprog := binary.NativeEndian.AppendUint64(nil, uint64(len(prog)))
	fprog = binary.NativeEndian.AppendUint64(fprog, uint64(s.bytes(insns)))
	// Without SECCOMP_FILTER_FLAG_SPEC_ALLOW as without no_new_privs: the
	// process has CAP_SYS_ADMIN in its user namespace, seccomp(2).
	s.do("install filter", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, s.bytes(fprog))
}
