package sandbox

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// data is struct seccomp_data, linux/seccomp.h.
type data struct {
	nr   uint32
	arch uint32
	ip   uint64
	args [6]uint64
}

// judge runs a filter as the kernel does: the subset of classic BPF that
// filter uses. Whatever it does not know fails the test.
func judge(t testing.TB, prog []unix.SockFilter, d data) uint32 {
	t.Helper()
	var mem [64]byte
	_, err := binary.Encode(mem[:], binary.NativeEndian, d)
	require.NoError(t, err)
	var a uint32
	for pc := 0; ; pc++ {
		if pc >= len(prog) {
			require.Fail(t, "the program has no end")
		}
		in := prog[pc]
		holds := false
		switch in.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			if in.K%4 != 0 || in.K > 60 {
				require.Failf(t, "bad offset", "%d", in.K)
			}
			a = binary.NativeEndian.Uint32(mem[in.K:])
			continue
		case unix.BPF_RET | unix.BPF_K:
			return in.K
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(in.K)
			continue
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			holds = a == in.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			holds = a >= in.K
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			holds = a&in.K != 0
		default:
			require.Failf(t, "unknown instruction", "%d: %#v", pc, in)
		}
		if holds {
			pc += int(in.Jt)
		} else {
			pc += int(in.Jf)
		}
	}
}

// expected is what the rules say, read as their documentation has it.
func expected(rules []Rule, d data) uint32 {
	if d.arch != auditArch || d.nr >= x32Bit {
		return retKill
	}
	for _, r := range rules {
		arg := uint32(d.args[r.Arg])
		matches := r.Op == Always || r.Op == AnySet && arg&r.Value != 0 || r.Op == NoneSet && arg&r.Value == 0 || r.Op == Equal && arg == r.Value || r.Op == Unequal && arg != r.Value || r.Op == NonZero && d.args[r.Arg] != 0
		if r.Nr == d.nr && matches {
			return r.Action
		}
	}
	return RetAllow
}

func TestFilterDoesWhatTheRulesSay(t *testing.T) {
	for range 200 {
		var rules []Rule
		most := 1 + rand.Uint32N(20)
		for range rand.IntN(20) * rand.IntN(20) {
			rules = append(rules, Rule{
				Nr: rand.Uint32N(most), Op: Op(rand.IntN(int(NonZero) + 1)), Arg: rand.IntN(6),
				Value: 1 << rand.IntN(4), Action: RetTrace | rand.Uint32N(1000),
			})
		}
		prog, err := filter(rules)
		require.NoError(t, err)
		for range 200 {
			d := data{nr: rand.Uint32N(most + 1), arch: auditArch}
			for i := range d.args {
				d.args[i] = uint64(rand.Uint32N(16)) | rand.Uint64()<<32*uint64(rand.IntN(2)) // the high half counts for NonZero alone
			}
			if want, got := expected(rules, d), judge(t, prog, d); want != got {
				require.Equal(t, want, got, "%+v: %+v", rules, d)
			}
		}
	}
}

func TestFilterOfEverySandbox(t *testing.T) {
	rules := refused(&Command{})
	rules = append(rules, Rule{Nr: unix.SYS_SOCKET, Action: RetTrace}, Rule{Nr: unix.SYS_EXECVE, Action: RetTrace})
	prog, err := filter(rules)
	require.NoError(t, err)
	type args = [6]uint64
	for _, c := range []struct {
		what string
		nr   uint32
		args args
		want uint32
	}{
		{"an ordinary call", unix.SYS_WRITE, args{}, RetAllow},
		{"a traced one", unix.SYS_EXECVE, args{}, RetTrace},
		{"a refused one", unix.SYS_PTRACE, args{unix.PTRACE_SEIZE}, Refuse(unix.EPERM)},
		{"another tracer", unix.SYS_PTRACE, args{unix.PTRACE_TRACEME}, Refuse(unix.EPERM)},
		{"io_uring", unix.SYS_IO_URING_SETUP, args{}, Refuse(unix.ENOSYS)},
		{"clone", unix.SYS_CLONE, args{unix.CLONE_NEWPID | unix.CLONE_NEWUTS}, RetAllow},
		{"clone untraced", unix.SYS_CLONE, args{unix.CLONE_NEWPID | unix.CLONE_UNTRACED}, Refuse(unix.EPERM)},
		{"clone3", unix.SYS_CLONE3, args{}, RetAllow},
		{"seccomp", unix.SYS_SECCOMP, args{unix.SECCOMP_SET_MODE_FILTER}, RetAllow},
		{"seccomp listener", unix.SYS_SECCOMP, args{unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | 1}, Refuse(unix.EPERM)},
		{"AF_INET before a rule of the caller's", unix.SYS_SOCKET, args{unix.AF_INET}, RetAllow},
		{"AF_ALG", unix.SYS_SOCKET, args{unix.AF_ALG}, Refuse(unix.EAFNOSUPPORT)},
		{"AF_VSOCK", unix.SYS_SOCKET, args{unix.AF_VSOCK | 1<<40}, Refuse(unix.EAFNOSUPPORT)},
		{"routes", unix.SYS_SOCKET, args{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_ROUTE}, RetAllow},
		{"nf_tables", unix.SYS_SOCKET, args{unix.AF_NETLINK, unix.SOCK_RAW, unix.NETLINK_NETFILTER}, Refuse(unix.EPROTONOSUPPORT)},
		{"TCP, of IPsec's number", unix.SYS_SOCKET, args{unix.AF_INET, unix.SOCK_STREAM, unix.NETLINK_XFRM}, RetAllow},
		{"pair of AF_UNIX", unix.SYS_SOCKETPAIR, args{unix.AF_UNIX}, RetAllow},
		{"pair of AF_TIPC", unix.SYS_SOCKETPAIR, args{unix.AF_TIPC}, Refuse(unix.EAFNOSUPPORT)},
		{"TIOCSTI", unix.SYS_IOCTL, args{0, unix.TIOCSTI}, Refuse(unix.EPERM)},
		{"TIOCSTI with other high bits", unix.SYS_IOCTL, args{0, unix.TIOCSTI | 1<<32}, Refuse(unix.EPERM)},
		{"TCGETS", unix.SYS_IOCTL, args{0, unix.TCGETS}, RetAllow},
		{"core limit", unix.SYS_PRLIMIT64, args{0, unix.RLIMIT_CORE, 8}, pretend},
		{"core limit, at a round address", unix.SYS_PRLIMIT64, args{0, unix.RLIMIT_CORE | 1<<32, 1 << 32}, pretend},
		{"core limit, read", unix.SYS_PRLIMIT64, args{0, unix.RLIMIT_CORE, 0, 8}, RetAllow},
		{"core limit, the old call", unix.SYS_SETRLIMIT, args{unix.RLIMIT_CORE, 8}, pretend},
		{"another limit", unix.SYS_PRLIMIT64, args{0, unix.RLIMIT_NOFILE}, RetAllow},
		{"x32", x32Bit | unix.SYS_WRITE, args{}, retKill},
		{"-1", 0xffffffff, args{}, retKill},
	} {
		assert.Equal(t, c.want, judge(t, prog, data{nr: c.nr, arch: auditArch, args: c.args}), c.what)
	}
	for _, arch := range []uint32{unix.AUDIT_ARCH_I386, unix.AUDIT_ARCH_ARM, 0} {
		assert.Equal(t, uint32(retKill), judge(t, prog, data{nr: unix.SYS_WRITE, arch: arch}))
	}
}

// Only where it is asked for may a program have nf_tables, and nothing besides.
func TestFilterForThePacketFilter(t *testing.T) {
	prog, err := filter(refused(&Command{Netfilter: RetTrace}))
	require.NoError(t, err)
	for protocol, want := range map[uint64]uint32{
		unix.NETLINK_NETFILTER: RetTrace, unix.NETLINK_ROUTE: RetAllow,
		unix.NETLINK_XFRM: RetTrace, unix.NETLINK_CRYPTO: Refuse(unix.EPROTONOSUPPORT),
	} {
		got := judge(t, prog, data{nr: unix.SYS_SOCKET, arch: auditArch, args: [6]uint64{unix.AF_NETLINK, unix.SOCK_RAW, protocol}})
		assert.Equal(t, want, got, "%d", protocol)
	}
	for _, family := range []uint64{unix.AF_ALG, unix.AF_PACKET, unix.AF_VSOCK} { // with a protocol of that number
		got := judge(t, prog, data{nr: unix.SYS_SOCKET, arch: auditArch, args: [6]uint64{family, unix.SOCK_RAW, unix.NETLINK_NETFILTER}})
		assert.Equal(t, Refuse(unix.EAFNOSUPPORT), got, "family %d", family)
	}
}

func TestFilterRefusesBadRules(t *testing.T) {
	for _, r := range []Rule{{Arg: 6}, {Arg: -1}, {Op: NonZero + 1}, {Op: -1}} {
		_, err := filter([]Rule{r})
		assert.ErrorContains(t, err, "assemble filter: ", "%+v", r)
	}
	_, err := filter(make([]Rule, 4096))
	assert.ErrorContains(t, err, "instructions")
}

// The kernel checks what it takes for a filter; it takes ours, and does with it
// what the interpreter above did.
func TestKernelTakesTheFilter(t *testing.T) {
	const odd = 0x3fffffff // no system call
	rules := []Rule{
		{Nr: odd, Op: Equal, Arg: 1, Value: 7, Action: Refuse(unix.EXDEV)},
		{Nr: odd, Op: AnySet, Arg: 5, Value: 8, Action: Refuse(unix.EDOM)},
		{Nr: odd, Op: NoneSet, Arg: 0, Value: 1, Action: Refuse(unix.EL2HLT)},
		{Nr: odd, Action: RetTrace},
	}
	prog, err := filter(append(refused(&Command{}), rules...))
	require.NoError(t, err)
	for _, c := range []struct {
		args []uintptr
		want unix.Errno
	}{
		{[]uintptr{0, 7}, unix.EXDEV}, {[]uintptr{1, 6, 0, 0, 0, 12}, unix.EDOM},
		{[]uintptr{2}, unix.EL2HLT}, {[]uintptr{1}, unix.ENOSYS},
	} {
		s := newScript()
		s.do("no new privileges", unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1)
		s.install(prog)
		s.do("try", odd, c.args...)
		index, errno := runScript(t, s)
		assert.Equal(t, 2, index)
		assert.Equal(t, c.want, errno)
	}
}
