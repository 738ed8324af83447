package main

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Puts a filter on itself that answers in the kernel's place: the name was set,
// says the call, and it was not. Other answers are to take the recorder's place.
func main() {
	if len(os.Args) > 1 {
		runtime.LockOSThread()
		name, _ := os.Hostname()
		fmt.Println("pid", os.Getpid(), "on", name)
		unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
		fmt.Println("listen:", install(unix.SYS_GETPID, unix.SECCOMP_RET_USER_NOTIF, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER))
		fmt.Println("trace:", install(unix.SYS_UNAME, unix.SECCOMP_RET_TRACE|7, 0))
		fmt.Println("allow:", install(unix.SYS_WRITE, unix.SECCOMP_RET_ALLOW, 0))
		fmt.Println("answer:", install(unix.SYS_SETHOSTNAME, unix.SECCOMP_RET_ERRNO, 0))
		fmt.Println("set:", unix.Sethostname([]byte("filtered")))
		name, _ = os.Hostname()
		fmt.Println("now", name, "filtered")
		return
	}
	err := start()
	fmt.Println("ended:", err)
}

func install(nr, action uint32, flags uintptr) error {
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: nr},
		{Code: unix.BPF_RET | unix.BPF_K, K: action},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	f := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	if _, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(&f))); errno != 0 {
		return errno
	}
	return nil
}
