package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"
)

// spawn is fork and exec with clone flags, without package os/exec. Between
// the two nothing may run that needs the Go runtime: the copy has one thread.
//
//go:norace
func spawn(path *byte, argv, envv **byte, flags uintptr) (pid uintptr, errno syscall.Errno) {
	pid, _, errno = syscall.RawSyscall6(syscall.SYS_CLONE, flags|uintptr(syscall.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	syscall.RawSyscall(syscall.SYS_EXECVE, uintptr(unsafe.Pointer(path)), uintptr(unsafe.Pointer(argv)), uintptr(unsafe.Pointer(envv)))
	for {
		syscall.RawSyscall(syscall.SYS_EXIT, 127, 0, 0)
	}
}

func parent() error {
	path, err := syscall.BytePtrFromString("/proc/self/exe")
	if err != nil {
		return err
	}
	argv, err := syscall.SlicePtrFromStrings([]string{"rawclone", "stage2"})
	if err != nil {
		return err
	}
	envv, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}

	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	syscall.ForkLock.Lock()
	pid, errno := spawn(path, &argv[0], &envv[0], syscall.CLONE_NEWPID|syscall.CLONE_NEWUTS)
	syscall.ForkLock.Unlock()
	if errno != 0 {
		return os.NewSyscallError("clone", errno)
	}

	var ws syscall.WaitStatus
	if _, err := syscall.Wait4(int(pid), &ws, 0, nil); err != nil {
		return os.NewSyscallError("wait4", err)
	}
	if ws != 0 {
		return fmt.Errorf("stage2 ended with status %#x", uint32(ws))
	}
	return nil
}

func stage2() error {
	before, err := os.Hostname()
	if err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte("raw")); err != nil {
		return os.NewSyscallError("sethostname", err)
	}
	after, err := os.Hostname()
	if err != nil {
		return err
	}
	_, err = fmt.Printf("pid %d: %q -> %q\n", os.Getpid(), before, after)
	return err
}

func main() {
	do := parent
	if len(os.Args) > 1 && os.Args[1] == "stage2" {
		do = stage2
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "rawclone:", err)
		os.Exit(1)
	}
}
