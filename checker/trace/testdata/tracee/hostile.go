package main

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls                         uint64
}

// clone3: a child by clone3(2) itself, which writes without the runtime.
func clone3([]string) {
	args := &cloneArgs{flags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS, exitSignal: uint64(unix.SIGCHLD)}
	text := []byte("raw child\n")
	pid := rawClone3(args, text, 7)
	var status unix.WaitStatus
	unix.Wait4(pid, &status, 0, nil)
	bad := &cloneArgs{flags: unix.CLONE_NEWNS | unix.CLONE_FS}
	if _, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(bad)), unsafe.Sizeof(*bad), 0); errno != unix.EINVAL {
		os.Exit(98)
	}
	os.Exit(status.ExitStatus())
}

//go:norace
//go:nosplit
func rawClone3(args *cloneArgs, text []byte, code uintptr) int {
	pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	if errno != 0 {
		return -int(errno)
	}
	if pid == 0 {
		unix.RawSyscall(unix.SYS_WRITE, 1, uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)))
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, code, 0, 0)
		}
	}
	return int(pid)
}

// hide makes a child that no tracer sees, and waits for it.
func hide([]string) {
	args := &cloneArgs{flags: unix.CLONE_UNTRACED, exitSignal: uint64(unix.SIGCHLD)}
	pid := rawClone3(args, []byte("hidden\n"), 0)
	unix.Wait4(pid, nil, 0, nil)
	fmt.Println("got away with it")
}

// hideVfork makes a child that no tracer sees by a call that never returns,
// and ends, or executes another program.
func hideVfork(how []string) {
	var made atomic.Int32
	args := &cloneArgs{
		flags:      unix.CLONE_UNTRACED | unix.CLONE_VFORK | unix.CLONE_PARENT_SETTID,
		parentTID:  uint64(uintptr(unsafe.Pointer(&made))),
		exitSignal: uint64(unix.SIGCHLD),
	}
	go func() {
		runtime.LockOSThread()
		rawSleeper(args, &unix.Timespec{Sec: 1})
	}()
	for made.Load() == 0 {
		runtime.Gosched()
	}
	if how[0] == "exec" {
		fail("exec", unix.Exec("/bin/sh", []string{"sh", "-c", "while true; do sleep 1; done"}, nil))
	}
	os.Exit(0)
}

//go:norace
//go:nosplit
func rawSleeper(args *cloneArgs, time *unix.Timespec) {
	pid, _, _ := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	for pid == 0 {
		unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(time)), 0, 0)
	}
}

// filter puts filters of its own on itself: one that refuses sethostname, one
// that asks a tracer about getpid and write.
func filter([]string) {
	runtime.LockOSThread()
	fail("prctl", unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	install := func(nr, action uint32) {
		prog := []unix.SockFilter{
			{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
			{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: 0, Jf: 1, K: nr},
			{Code: unix.BPF_RET | unix.BPF_K, K: action},
			{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
		}
		f := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
		must(unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&f))))
	}
	install(unix.SYS_SETHOSTNAME, unix.SECCOMP_RET_ERRNO|uint32(unix.EXDEV))
	install(unix.SYS_GETPID, unix.SECCOMP_RET_TRACE|1234)
	install(unix.SYS_WRITE, unix.SECCOMP_RET_TRACE|1234)
	if unix.Getpid() <= 0 {
		os.Exit(98)
	}
	fail("prctl", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
	fmt.Println(unix.Sethostname([]byte("refused")))
}

// busy makes more calls than are kept of several kinds, and renames the host
// for a moment after them.
func busy([]string) {
	for range 3500 {
		unix.Chdir(".")
	}
	for range 3500 {
		unix.Setdomainname([]byte("busy"))
	}
	old, _ := os.Hostname()
	fail("sethostname", unix.Sethostname([]byte("for-a-moment")))
	fail("sethostname", unix.Sethostname([]byte(old)))
}

// signals sends itself more signals than are kept, and names the host then.
func signals([]string) {
	signal.Ignore(syscall.SIGUSR1)
	for range 4000 {
		unix.Kill(os.Getpid(), unix.SIGUSR1)
	}
	fail("sethostname", unix.Sethostname([]byte("afterwards")))
}

// logs writes much to files, then lines before and after the host is renamed.
func logs([]string) {
	for _, name := range []string{"/tmp/log", "/dev/null"} {
		f, err := os.Create(name)
		fail("create", err)
		for range 1000 {
			unix.Write(int(f.Fd()), []byte("x"))
		}
	}
	for range 500 {
		unix.Write(1, []byte("early\n"))
	}
	fail("sethostname", unix.Sethostname([]byte("given")))
	for range 500 {
		unix.Write(1, []byte("late\n"))
	}
}

// rivals: two threads and a process that is killed rename the host at once.
func rivals([]string) {
	old, _ := os.Hostname()
	cmd := self("rename")
	fail("start", cmd.Start())
	var wait sync.WaitGroup
	for i := range 2 {
		wait.Go(func() {
			runtime.LockOSThread()
			for j := range 100 {
				unix.Sethostname(fmt.Appendf(nil, "rival-%d-%d", i, j))
			}
		})
	}
	wait.Wait()
	cmd.Process.Kill()
	cmd.Wait()
	fail("sethostname", unix.Sethostname([]byte(old)))
}

// strange calls with arguments that no honest program has.
func strange([]string) {
	unix.Sethostname([]byte("b\xff\xfe\n"))
	unix.Exec("/bin/\xff", []string{"\xc3", strings.Repeat("a", 5000)}, nil)
	for _, nr := range []uintptr{unix.SYS_EXECVE, unix.SYS_MOUNT, unix.SYS_SETHOSTNAME, unix.SYS_CHROOT, unix.SYS_CLONE3,
		unix.SYS_WRITEV, unix.SYS_SENDMSG, unix.SYS_SENDMMSG, unix.SYS_PIVOT_ROOT, unix.SYS_OPENAT2, unix.SYS_SENDFILE} {
		for _, a := range []uintptr{1, 8, ^uintptr(0), ^uintptr(7), 1 << 47, 0xffff800000000000} {
			unix.Syscall6(nr, a, a, a, 1<<62, a, a)
			unix.Syscall6(nr, 1, a, 1<<62, a, a, a)
		}
	}
	unix.Write(1, []byte("still here\n"))
}

// alike makes children that do what Go's probe does, and a little more or less:
// one has an exit signal, one other flags, one writes, one exits with 1.
func alike([]string) {
	flags := uint64(unix.CLONE_PIDFD)
	var pidfd int32
	child := func(flags, signal uint64, text string, code uintptr) {
		args := &cloneArgs{flags: flags, exitSignal: signal, pidfd: uint64(uintptr(unsafe.Pointer(&pidfd)))}
		if pid := rawClone3(args, []byte(text), code); pid < 0 || unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WALL, nil) != nil {
			os.Exit(98)
		}
	}
	child(flags, uint64(unix.SIGCHLD), "", 0)
	child(flags, 0, "", 0)
	child(flags, 0, "written\n", 0)
	child(flags, 0, "", 1)
}

// refused makes more calls that make no process than are kept of those that do.
func refused([]string) {
	for range 12000 {
		if _, _, errno := unix.RawSyscall(unix.SYS_CLONE, unix.CLONE_NEWNS|unix.CLONE_FS, 0, 0); errno != unix.EINVAL {
			os.Exit(98)
		}
	}
}

// mountBomb doubles the number of mounts, each on another one.
func mountBomb([]string) {
	fail("mkdir", os.Mkdir("/tmp/a", 0o755))
	fail("mount", unix.Mount("a", "/tmp/a", "tmpfs", 0, ""))
	fail("share", unix.Mount("", "/tmp/a", "", unix.MS_SHARED, ""))
	for range 15 {
		fail("bind", unix.Mount("/tmp/a", "/tmp/a", "", unix.MS_BIND|unix.MS_REC, ""))
	}
}
