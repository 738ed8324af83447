package trace

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// nativeArch is the only architecture whose calls a sandbox lets through.
const nativeArch = unix.AUDIT_ARCH_AARCH64

// callsHere are traced calls that only this architecture has: fork, vfork and
// open are clone and openat here.
func callsHere() []call { return nil }

// groupCallsHere are those of groupCalls that only this architecture has: none.
func groupCallsHere() []call { return nil }

// registers is struct user_pt_regs.
type registers struct{ unix.PtraceRegs }

func (r *registers) setFirstArgument(value uint64) { r.Regs[0] = value }

// returnsAfterCall tells whether the code that ends where a function would
// return to ends with a call instruction: BL or BLR.
func returnsAfterCall(code []byte) bool {
	if len(code) < 4 {
		return false
	}
	insn := binary.LittleEndian.Uint32(code[len(code)-4:])
	return insn&0xfc000000 == 0x94000000 || insn&0xfffffc1f == 0xd63f0000
}
