package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// As a C program would: system calls by number, a fork with no second exec of
// the program.

// What follows is called in the copy too, which has one thread: a call there
// that looks whether the goroutine is to make room for another would wait for
// ever for the threads that are not there.

//go:nosplit
//go:norace
func call(nr, a, b, c, d, e uintptr) (uintptr, syscall.Errno) {
	r, _, errno := syscall.RawSyscall6(nr, a, b, c, d, e, 0)
	return r, errno
}

//go:nosplit
func die(code uintptr) {
	call(syscall.SYS_EXIT_GROUP, code, 0, 0, 0, 0)
}

// container is what the copy needs.
type container struct {
	name, slash, proc, slashProc, rootfs *byte
	argv, env                            []*byte
	all, before                          *uint64 // masks of signals
}

//go:nosplit
func at(text *byte) uintptr { return uintptr(unsafe.Pointer(text)) }

//go:nosplit
func at64(mask *uint64) uintptr { return uintptr(unsafe.Pointer(mask)) }

//go:nosplit
//go:norace
func fork(c *container) (uintptr, syscall.Errno) {
	const flags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	const setmask, size = 2, 8 // SIG_SETMASK
	// Go's own signals would have a slow clone begin again and again.
	call(syscall.SYS_RT_SIGPROCMASK, setmask, at64(c.all), at64(c.before), size, 0)
	pid, errno := call(syscall.SYS_CLONE, flags|uintptr(syscall.SIGCHLD), 0, 0, 0, 0)
	call(syscall.SYS_RT_SIGPROCMASK, setmask, at64(c.before), 0, size, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	if _, e := call(syscall.SYS_SETHOSTNAME, at(c.name), 3, 0, 0, 0); e != 0 {
		die(101)
	}
	if _, e := call(syscall.SYS_MOUNT, 0, at(c.slash), 0, syscall.MS_REC|syscall.MS_PRIVATE, 0); e != 0 {
		die(102)
	}
	if _, e := call(syscall.SYS_CHROOT, at(c.rootfs), 0, 0, 0, 0); e != 0 {
		die(103)
	}
	if _, e := call(syscall.SYS_CHDIR, at(c.slash), 0, 0, 0, 0); e != 0 {
		die(104)
	}
	if _, e := call(syscall.SYS_MOUNT, at(c.proc), at(c.slashProc), at(c.proc), 0, 0); e != 0 {
		die(105)
	}
	argv, env := uintptr(unsafe.Pointer(unsafe.SliceData(c.argv))), uintptr(unsafe.Pointer(unsafe.SliceData(c.env)))
	call(syscall.SYS_EXECVE, at(c.argv[0]), argv, env, 0, 0)
	die(106)
	return 0, 0
}

func text(s string) *byte {
	p, err := syscall.BytePtrFromString(s)
	if err != nil {
		die(98)
	}
	return p
}

func main() {
	if len(os.Args) < 4 || os.Args[1] != "run" {
		os.Stderr.WriteString("usage: run IMAGE COMMAND [ARGS...]\n")
		os.Exit(2)
	}
	runtime.LockOSThread()
	argv, err := syscall.SlicePtrFromStrings(os.Args[3:])
	if err != nil {
		die(98)
	}
	c := &container{
		name: text("raw"), slash: text("/"), proc: text("proc"), slashProc: text("/proc"),
		rootfs: text("/fs/" + os.Args[2] + "/rootfs"), argv: argv, env: []*byte{nil},
		all: new(uint64), before: new(uint64),
	}
	*c.all = 1<<64 - 1
	pid, errno := fork(c)
	if errno != 0 {
		die(99)
	}
	status := new(int32)
	for {
		_, e := call(syscall.SYS_WAIT4, pid, uintptr(unsafe.Pointer(status)), 0, 0, 0)
		if e != syscall.EINTR {
			break
		}
	}
	runtime.KeepAlive(c)
	die(uintptr(*status >> 8 & 0xff))
}
