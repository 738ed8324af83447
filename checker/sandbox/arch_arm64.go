package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

const elfMachine = 183 // EM_AARCH64

var undefined = [...]byte{0, 0, 0, 0} // UDF

// refusedHere are calls that only this architecture has.
var refusedHere = [...]uint32{}
