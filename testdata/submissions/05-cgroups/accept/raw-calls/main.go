package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// Nothing but system calls, and a child that is a copy of the parent until it
// executes the command.
func main() {
	runtime.LockOSThread()
	if len(os.Args) < 4 || os.Args[1] != "run" {
		os.Exit(2)
	}
	const group = "/sys/fs/cgroup/raw"
	must("mkdir", syscall.Mkdir(group, 0o700))
	put(group+"/memory.max", "100000000\n")
	put(group+"/cpu.max", "50000\n")

	rootfs, err := syscall.BytePtrFromString("/fs/" + os.Args[2] + "/rootfs")
	must("path", err)
	path, err := syscall.BytePtrFromString(os.Args[3])
	must("path", err)
	argv, err := syscall.SlicePtrFromStrings(os.Args[3:])
	must("args", err)
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	must("env", err)
	procs, err := syscall.BytePtrFromString(group + "/cgroup.procs")
	must("path", err)
	slash, proc := &[]byte("/\x00")[0], &[]byte("proc\x00")[0]
	at, name, zero := &[]byte("/proc\x00")[0], &[]byte("raw")[0], &[]byte("0")[0]

	const flags = syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS | uintptr(syscall.SIGCHLD)
	pid, errno := clone(flags)
	if errno != 0 {
		must("clone", errno)
	}
	if pid == 0 {
		fd, _, _ := syscall.RawSyscall6(syscall.SYS_OPENAT, ^uintptr(99), uintptr(unsafe.Pointer(procs)), syscall.O_WRONLY|syscall.O_CLOEXEC, 0, 0, 0)
		n, _, _ := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(zero)), 1)
		_, _, e1 := syscall.RawSyscall(syscall.SYS_SETHOSTNAME, uintptr(unsafe.Pointer(name)), 3, 0)
		_, _, e2 := syscall.RawSyscall6(syscall.SYS_MOUNT, 0, uintptr(unsafe.Pointer(slash)), 0, syscall.MS_REC|syscall.MS_PRIVATE, 0, 0)
		_, _, e3 := syscall.RawSyscall(syscall.SYS_CHROOT, uintptr(unsafe.Pointer(rootfs)), 0, 0)
		_, _, e4 := syscall.RawSyscall(syscall.SYS_CHDIR, uintptr(unsafe.Pointer(slash)), 0, 0)
		_, _, e5 := syscall.RawSyscall6(syscall.SYS_MOUNT, uintptr(unsafe.Pointer(proc)), uintptr(unsafe.Pointer(at)), uintptr(unsafe.Pointer(proc)), 0, 0, 0)
		if n == 1 && e1|e2|e3|e4|e5 == 0 {
			syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envv[0])))
		}
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 111, 0, 0)
		}
	}
	var status syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(int(pid), &status, 0, nil); err != syscall.EINTR {
			break
		}
	}
	must("wait", err)
	must("rmdir", syscall.Rmdir(group))
	if status.Signaled() {
		os.Exit(128 + int(status.Signal()))
	}
	os.Exit(status.ExitStatus())
}

//go:nosplit
func clone(flags uintptr) (uintptr, syscall.Errno) {
	pid, _, errno := syscall.RawSyscall6(syscall.SYS_CLONE, flags, 0, 0, 0, 0, 0)
	return pid, errno
}

func put(path, text string) {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CLOEXEC, 0)
	must(path, err)
	_, err = syscall.Write(fd, []byte(text))
	must(path, err)
	must(path, syscall.Close(fd))
}

func must(what string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what+":", err)
		os.Exit(1)
	}
}
