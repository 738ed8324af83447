package trace

import "golang.org/x/sys/unix"

// nativeArch is the only architecture whose calls a sandbox lets through.
const nativeArch = unix.AUDIT_ARCH_X86_64

// callsHere are traced calls that only this architecture has.
func callsHere() []call {
	return []call{
		{nr: unix.SYS_FORK, name: "fork", class: makes, enter: enterFork},
		{nr: unix.SYS_VFORK, name: "vfork", class: makes, enter: enterFork},
		{nr: unix.SYS_OPEN, name: "open", class: opens, enter: enterOpen, when: []condition{{1, openToWrite}}},
		{nr: unix.SYS_MKNOD, name: "mknod", enter: enterPath, when: []condition{{1, unix.S_IFCHR}}},
		{nr: unix.SYS_CREAT, name: "creat", class: opens, enter: enterOpen},
	}
}

// groupCallsHere are those of groupCalls that only this architecture has.
func groupCallsHere() []call {
	return []call{
		{nr: unix.SYS_MKDIR, name: "mkdir", enter: enterPath},
		{nr: unix.SYS_RMDIR, name: "rmdir", enter: enterPath},
	}
}

// registers is struct user_regs_struct.
type registers struct{ unix.PtraceRegs }

func (r *registers) setFirstArgument(value uint64) { r.Rdi = value }

// returnsAfterCall tells whether the code that ends where a function would
// return to, up to 7 bytes of it, ends with a call instruction.
func returnsAfterCall(code []byte) bool {
	n := len(code)
	if n >= 5 && code[n-5] == 0xe8 { // call rel32
		return true
	}
	// call r/m64: ff /2, with every length that its operand can have
	for size := 2; size <= 7 && size <= n; size++ {
		if code[n-size] == 0xff && code[n-size+1]>>3&7 == 2 {
			return true
		}
	}
	return false
}
