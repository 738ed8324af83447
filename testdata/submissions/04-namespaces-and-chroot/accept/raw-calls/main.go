package main

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// As a C program would: system calls by number, a fork with no second exec of
// the program.
func str(s string) uintptr { return uintptr(unsafe.Pointer(&append([]byte(s), 0)[0])) }

func call(nr uintptr, args ...uintptr) (uintptr, syscall.Errno) {
	var a [6]uintptr
	copy(a[:], args)
	r, _, e := syscall.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
	return r, e
}

func die(code uintptr) {
	call(syscall.SYS_EXIT_GROUP, code)
}

func main() {
	if len(os.Args) < 4 || os.Args[1] != "run" {
		os.Stderr.WriteString("usage: run IMAGE COMMAND [ARGS...]\n")
		os.Exit(2)
	}
	runtime.LockOSThread()
	root := "/fs/" + os.Args[2] + "/rootfs"
	argv := make([]uintptr, 0, len(os.Args))
	var keep [][]byte
	for _, arg := range os.Args[3:] {
		b := append([]byte(arg), 0)
		keep = append(keep, b)
		argv = append(argv, uintptr(unsafe.Pointer(&b[0])))
	}
	argv = append(argv, 0)
	env := []uintptr{0}
	slash, proc, rootfs, name, empty := str("/"), str("proc"), str(root), str("raw"), str("")
	slashProc := str("/proc")

	const flags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS
	pid, errno := call(syscall.SYS_CLONE, flags|uintptr(syscall.SIGCHLD), 0, 0, 0, 0)
	if errno != 0 {
		die(99)
	}
	if pid == 0 {
		if _, e := call(syscall.SYS_SETHOSTNAME, name, 3); e != 0 {
			die(101)
		}
		if _, e := call(syscall.SYS_MOUNT, empty, slash, empty, syscall.MS_REC|syscall.MS_PRIVATE, 0); e != 0 {
			die(102)
		}
		if _, e := call(syscall.SYS_CHROOT, rootfs); e != 0 {
			die(103)
		}
		if _, e := call(syscall.SYS_CHDIR, slash); e != 0 {
			die(104)
		}
		if _, e := call(syscall.SYS_MOUNT, proc, slashProc, proc, 0, 0); e != 0 {
			die(105)
		}
		call(syscall.SYS_EXECVE, argv[0], uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])))
		die(106)
	}
	var status uint32
	for {
		_, e := call(syscall.SYS_WAIT4, pid, uintptr(unsafe.Pointer(&status)), 0, 0)
		if e != syscall.EINTR {
			break
		}
	}
	runtime.KeepAlive(keep)
	die(uintptr(status >> 8 & 0xff))
}
