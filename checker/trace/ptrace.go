package trace

import (
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What init and everything below it is seized with. Children inherit it.
const seizeOptions = unix.PTRACE_O_TRACEFORK | unix.PTRACE_O_TRACEVFORK | unix.PTRACE_O_TRACECLONE |
	unix.PTRACE_O_TRACEEXEC | unix.PTRACE_O_TRACEEXIT | unix.PTRACE_O_TRACESYSGOOD |
	unix.PTRACE_O_TRACESECCOMP | unix.PTRACE_O_EXITKILL

// eventStop is PTRACE_EVENT_STOP as it stands in a wait status: a new tracee's
// first stop, or a group-stop. x/sys's TrapCause returns -1 for it.
const eventStop = unix.PTRACE_EVENT_STOP

// event returns the PTRACE_EVENT of a stop, or 0.
func event(status unix.WaitStatus) int { return int(status >> 16) }

// syscallInfo is struct ptrace_syscall_info, linux/ptrace.h. Its first 24 bytes
// are the same for every op; the rest is a union.
type syscallInfo struct {
	op    uint8
	_     [3]uint8
	arch  uint32
	ip    uint64
	sp    uint64
	union [8]uint64
}

// nr and args are those of a seccomp stop (PTRACE_SYSCALL_INFO_SECCOMP).
func (i *syscallInfo) nr() uint64      { return i.union[0] }
func (i *syscallInfo) args() [6]uint64 { return [6]uint64(i.union[1:7]) }

// result is that of an exit stop: what the call returned, an errno negated.
func (i *syscallInfo) result() int64 { return int64(i.union[0]) }

// Every function below is a raw system call: the thread never gives its
// scheduling slot away for a call that lasts a microsecond.

func ptrace(request, tid int, addr uintptr, data unsafe.Pointer) error {
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), addr, uintptr(data), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

func seize(pid int) error {
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, unix.PTRACE_SEIZE, uintptr(pid), 0, seizeOptions, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// resume lets a stopped task go on (PTRACE_CONT), or go on until its call has
// returned (PTRACE_SYSCALL), or stay in its group-stop (PTRACE_LISTEN).
func resume(request, tid int, signal unix.Signal) error {
	if _, _, errno := unix.RawSyscall6(unix.SYS_PTRACE, uintptr(request), uintptr(tid), 0, uintptr(signal), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// getSyscallInfo needs Linux 5.3.
func getSyscallInfo(tid int, info *syscallInfo) error {
	return ptrace(unix.PTRACE_GET_SYSCALL_INFO, tid, unsafe.Sizeof(*info), unsafe.Pointer(info))
}

// eventMessage returns what the kernel says besides a PTRACE_EVENT: a new
// task's tid, or the old tid of the thread that called execve.
func eventMessage(tid int) (int, error) {
	var msg uint64
	err := ptrace(unix.PTRACE_GETEVENTMSG, tid, 0, unsafe.Pointer(&msg))
	return int(msg), err
}

// sender returns the pid of who sent the signal with which a thread has stopped, as
// that sees it; 0: a process that is in none of its PID namespaces.
func sender(tid int) (int, error) {
	var info [128]byte // siginfo_t
	if err := ptrace(unix.PTRACE_GETSIGINFO, tid, 0, unsafe.Pointer(&info)); err != nil {
		return 0, err
	}
	return int(int32(binary.NativeEndian.Uint32(info[16:]))), nil
}

// setFirstArgument replaces the first argument of the call that a thread is
// about to make. The thread is at a seccomp stop.
func setFirstArgument(tid int, value uint64) error {
	var regs registers
	iov := unix.Iovec{Base: (*byte)(unsafe.Pointer(&regs)), Len: uint64(unsafe.Sizeof(regs))}
	const general = 1 // NT_PRSTATUS, linux/elf.h
	if err := ptrace(unix.PTRACE_GETREGSET, tid, general, unsafe.Pointer(&iov)); err != nil {
		return fmt.Errorf("read registers of %d: %w", tid, err)
	}
	regs.setFirstArgument(value)
	if err := ptrace(unix.PTRACE_SETREGSET, tid, general, unsafe.Pointer(&iov)); err != nil {
		return fmt.Errorf("set registers of %d: %w", tid, err)
	}
	return nil
}

// wait4 waits for any child or tracee of this thread. It is the one call that
// may block.
func wait4(status *unix.WaitStatus) (int, error) {
	for {
		pid, err := unix.Wait4(-1, status, unix.WALL|unix.WNOTHREAD, nil)
		if err != unix.EINTR {
			return pid, err
		}
	}
}
