package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

const elfMachine = 62 // EM_X86_64

var undefined = [...]byte{0x0f, 0x0b} // UD2

// refusedHere are calls that only this architecture has.
var refusedHere = [...]uint32{unix.SYS_IOPERM, unix.SYS_IOPL, unix.SYS_MODIFY_LDT, unix.SYS_CREATE_MODULE, unix.SYS_USELIB}
