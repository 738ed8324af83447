// The program that the recorder's tests run in a sandbox. Its first argument
// says what it does; the tests know what must be seen of it.
package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

func main() {
	modes := map[string]func(args []string){
		"hello":     hello,
		"exit":      func(args []string) { os.Exit(number(args[0])) },
		"tree":      tree,
		"container": container,
		"name":      name,
		"unshare":   unshare,
		"host":      host,
		"outputs":   outputs,
		"relay":     relay,
		"leader":    leader,
		"clone3":    clone3,
		"hide":      hide,
		"filter":    filter,
		"many":      many,
		"kill":      killInit,
		"sleep":     func([]string) { unix.Pause() },
		"spawn":     spawn,
		"orphan":    orphan,
		"sibling":   sibling,
		"stop":      stop,
		"flood":     flood,
		"strange":   strange,
		"lines":     lines,
		"mount":     mount,
		"die":       func([]string) { unix.Kill(unix.Getpid(), unix.SIGKILL); unix.Pause() },
		"fork":      fork,
		"crowd":     crowd,
		"threads":   threads,
		"files":     files,
		"user":      user,
		"spaces":    spaces,
	}
	mode := modes[os.Args[1]]
	if mode == nil {
		fail("mode", fmt.Errorf("no %s", os.Args[1]))
	}
	mode(os.Args[2:])
}

func fail(what string, err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, what+":", err)
		os.Exit(99)
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	fail("number", err)
	return n
}

// self returns a command that runs this program again.
func self(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

func in(flags uintptr, args ...string) *exec.Cmd {
	cmd := self(args...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags}
	return cmd
}

func hello([]string) {
	h, _ := os.Hostname()
	fmt.Printf("I am %d on %s\n", os.Getpid(), h)
}

// tree: two children of its own program, one of which runs a shell.
func tree(args []string) {
	if len(args) == 0 {
		fail("run", self("tree", "1").Run())
		fail("run", self("tree", "2").Run())
		return
	}
	if args[0] == "2" {
		cmd := exec.Command("/bin/sh", "-c", "hostname; exit 4")
		cmd.Stdout = os.Stdout
		err := cmd.Run()
		if cmd.ProcessState.ExitCode() != 4 {
			fail("sh", err)
		}
	}
}

// container: a child in new namespaces that renames itself; and, in it, a child more.
func container(args []string) {
	switch {
	case len(args) == 0:
		fail("run", in(unix.CLONE_NEWPID|unix.CLONE_NEWUTS|unix.CLONE_NEWNS|unix.CLONE_NEWIPC, "container", "1").Run())
	case args[0] == "1":
		hello(nil)
		fail("sethostname", unix.Sethostname([]byte("first-name")))
		hello(nil)
		fail("sethostname", unix.Sethostname([]byte("second-name")))
		fail("run", self("hello").Run())
		fail("run", in(unix.CLONE_NEWPID, "hello").Run())
	}
}

func name(args []string) { fail("sethostname", unix.Sethostname([]byte(args[0]))) }

// unshare: one thread leaves the host's UTS namespace, the others stay.
func unshare([]string) {
	runtime.LockOSThread() // the main thread is not to be the one
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with it
		fail("unshare", unix.Unshare(unix.CLONE_NEWUTS))
		fail("sethostname", unix.Sethostname([]byte("of-the-thread")))
		unix.Write(1, []byte("from the thread\n"))
		done <- true
	}()
	<-done
	unix.Write(1, []byte("from the others\n"))
}

// host renames the host, and leaves a mount there.
func host([]string) {
	fail("sethostname", unix.Sethostname([]byte("renamed")))
	fail("setdomainname", unix.Setdomainname([]byte("domain")))
	fail("mount", unix.Mount("tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID, ""))
	if unix.Sethostname([]byte(strings.Repeat("x", 65))) == nil {
		os.Exit(98)
	}
}

func mount([]string) {
	runtime.LockOSThread()
	fail("unshare", unix.Unshare(unix.CLONE_NEWNS))
	fail("private", unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	fail("mkdir", os.Mkdir("/tmp/root", 0o755))
	fail("mount", unix.Mount("tmpfs", "/tmp/root", "tmpfs", 0, ""))
	fail("mkdir", os.Mkdir("/tmp/root/old", 0o755))
	fail("pivot_root", unix.PivotRoot("/tmp/root", "/tmp/root/old"))
	fail("chdir", unix.Chdir("/"))
	fail("umount", unix.Unmount("/old", unix.MNT_DETACH))
	fail("chroot", unix.Chroot("/"))
	unix.Unmount("/nowhere", 0)
}

// outputs writes in every way that there is; each way says its own word.
func outputs([]string) {
	fail("dup", unix.Dup3(1, 77, 0))
	unix.Write(77, []byte("dup;"))
	vec := func(s ...string) (v []unix.Iovec) {
		for i := range s {
			b := []byte(s[i])
			v = append(v, unix.Iovec{Base: unsafe.SliceData(b), Len: uint64(len(b))})
		}
		return v
	}
	v := vec("wri", "tev;")
	must(unix.Syscall(unix.SYS_WRITEV, 1, ptr(v), uintptr(len(v))))
	v = vec("pwri", "tev2;")
	must(unix.Syscall6(unix.SYS_PWRITEV2, 1, ptr(v), uintptr(len(v)), ^uintptr(0), ^uintptr(0), 0))

	fail("write file", os.WriteFile("/tmp/file", []byte("0123456789sendfile;abcdefgh-splice;"), 0o644))
	file, err := unix.Open("/tmp/file", unix.O_RDONLY, 0)
	fail("open", err)
	offset := int64(10)
	_, err = unix.Sendfile(1, file, &offset, 9)
	fail("sendfile", err)
	unix.Seek(file, 19, 0)
	_, err = unix.Sendfile(1, file, nil, 8)
	fail("sendfile", err)
	_, err = unix.Splice(file, nil, 1, nil, 8, 0)
	fail("splice", err)

	var p [2]int
	fail("pipe", unix.Pipe(p[:]))
	unix.Write(p[1], []byte("tee;pipe-splice;"))
	_, err = unix.Tee(p[0], 1, 4, 0)
	fail("tee", err)
	unix.Read(p[0], make([]byte, 4))
	_, err = unix.Splice(p[0], nil, 1, nil, 100, 0)
	fail("splice", err)
	_, err = unix.Vmsplice(1, vec("vmsplice;"), 0)
	fail("vmsplice", err)

	s, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	fail("socketpair", err)
	fail("sendto", unix.Sendto(s[0], []byte("sendto;"), 0, nil))
	_, err = unix.SendmsgN(s[0], []byte("sendmsg;"), nil, nil, 0)
	fail("sendmsg", err)
	type mmsghdr struct {
		hdr unix.Msghdr
		n   uint32
		_   uint32
	}
	a, b := vec("send"), vec("mmsg;", "twice;")
	m := [2]mmsghdr{}
	m[0].hdr.Iov, m[0].hdr.Iovlen = &a[0], 1
	m[1].hdr.Iov, m[1].hdr.Iovlen = &b[0], 2
	must(unix.Syscall6(unix.SYS_SENDMMSG, uintptr(s[0]), uintptr(unsafe.Pointer(&m[0])), 2, 0, 0, 0))

	// Into a pipe that is nearly full: only a part of it goes out.
	fail("pipe", unix.Pipe2(p[:], unix.O_NONBLOCK))
	size, _ := unix.FcntlInt(uintptr(p[0]), unix.F_GETPIPE_SZ, 0)
	unix.Write(p[1], make([]byte, size-4096))
	unix.Write(p[1], []byte(strings.Repeat("partial;", 1000)))
	unix.Write(99, []byte("closed"))
	unix.Write(2, []byte("stderr;"))
	null, err := os.OpenFile("/dev/null", os.O_WRONLY, 0)
	fail("open", err)
	null.WriteString("null;")
}

func ptr(v []unix.Iovec) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(v))) }

func must(_, _ uintptr, errno unix.Errno) {
	if errno != 0 {
		fail("call", errno)
	}
}

// relay: the child writes to a pipe, the parent says what it read there.
func relay([]string) {
	cmd := in(unix.CLONE_NEWPID|unix.CLONE_NEWUTS, "hello")
	cmd.Stdout = nil
	out, err := cmd.Output()
	fail("run", err)
	fmt.Printf("it said: %s", out)
}

// leader: another thread than the leader executes another program.
func leader([]string) {
	runtime.LockOSThread() // the main thread
	done := make(chan bool)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			fail("thread", fmt.Errorf("it is the leader"))
		}
		fail("exec", unix.Exec("/bin/sh", []string{"sh", "-c", "exit 5"}, nil))
	}()
	<-done
}

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

// many makes as many processes as it is told, which all live at once, two
// levels deep.
func many(args []string) {
	var gate [2]int
	fail("pipe", unix.Pipe(gate[:]))
	pids := make([]int, 0, number(args[0]))
	for range cap(pids) {
		pid := rawFork(gate[0], gate[1])
		if pid < 0 {
			fail("fork", unix.Errno(-pid))
		}
		pids = append(pids, pid)
	}
	unix.Close(gate[1])
	for _, pid := range pids {
		var status unix.WaitStatus
		if _, err := unix.Wait4(pid, &status, 0, nil); err != nil || status.ExitStatus() != 3 {
			os.Exit(98)
		}
	}
}

// rawFork makes a child that waits for the end of the pipe and exits with 3.
//
//go:norace
//go:nosplit
func rawFork(gate, other int) int {
	pid, _, errno := unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 {
		return -int(errno)
	}
	if pid == 0 {
		var b [1]byte
		unix.RawSyscall(unix.SYS_CLOSE, uintptr(other), 0, 0)
		unix.RawSyscall(unix.SYS_READ, uintptr(gate), uintptr(unsafe.Pointer(&b)), 1)
		for {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 3, 0, 0)
		}
	}
	return int(pid)
}

// killInit ends a container by killing its first process, which has a child.
func killInit(args []string) {
	if len(args) > 0 {
		cmd := self("sleep")
		fail("start", cmd.Start())
		fmt.Println("ready")
		unix.Pause()
	}
	cmd := in(unix.CLONE_NEWPID|unix.CLONE_NEWUTS, "kill", "1")
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	fail("pipe", err)
	fail("start", cmd.Start())
	out.Read(make([]byte, 10))
	fail("kill", cmd.Process.Kill())
	cmd.Wait()
}

// spawn starts a program and waits for it, or does not, or only until it has
// ended ("see"), which leaves a zombie.
func spawn(args []string) {
	cmd := self(args[1:]...)
	fail("start", cmd.Start())
	switch args[0] {
	case "wait":
		cmd.Wait()
		fmt.Println("exit code", cmd.ProcessState.ExitCode())
	case "see":
		fail("waitid", unix.Waitid(unix.P_PID, cmd.Process.Pid, nil, unix.WEXITED|unix.WNOWAIT, nil))
	}
}

// orphan: a child whose child outlives it.
func orphan(args []string) {
	switch {
	case len(args) == 0:
		fail("run", self("orphan", "1").Run())
	case args[0] == "1":
		fail("start", self("orphan", "2", strconv.Itoa(unix.Getpid())).Start())
	default:
		for unix.Getppid() == number(args[1]) {
			runtime.Gosched()
		}
		os.Exit(6)
	}
}

// sibling: a child that is its maker's sibling.
func sibling([]string) {
	pid := rawClone3(&cloneArgs{flags: unix.CLONE_PARENT}, []byte("sibling\n"), 0)
	if pid < 0 {
		fail("clone3", unix.Errno(-pid))
	}
}

// stop: a child stops itself, is continued, and exits.
func stop(args []string) {
	if len(args) > 0 {
		unix.Kill(unix.Getpid(), unix.SIGSTOP)
		fmt.Println("continued")
		os.Exit(8)
	}
	cmd := self("stop", "1")
	fail("start", cmd.Start())
	var status unix.WaitStatus
	unix.Wait4(cmd.Process.Pid, &status, unix.WUNTRACED, nil)
	if !status.Stopped() {
		os.Exit(98)
	}
	unix.Kill(cmd.Process.Pid, unix.SIGCONT)
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

// flood writes more often than is kept, and then does something that matters.
func flood(args []string) {
	line := []byte(strings.Repeat("y", 99) + "\n")
	for range number(args[0]) {
		unix.Write(1, line)
	}
	fail("run", self("exit", "0").Run())
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

func lines([]string) {
	unix.Unshare(unix.CLONE_NEWUTS) // line: unshare
	nested()
	cmd := self("exit", "0")
	cmd.Run() // line: clone
}

func nested() {
	unix.Sethostname([]byte("line")) // line: sethostname
	fmt.Println("printed")           // line: write
}

// fork: one child by fork(2) or what is left of it, one by a shell.
func fork([]string) {
	var p [2]int
	fail("pipe", unix.Pipe(p[:]))
	pid := rawFork(p[0], p[1])
	unix.Close(p[1])
	unix.Wait4(pid, nil, 0, nil)
	cmd := exec.Command("/bin/sh", "-c", "hostname; hostname | cat")
	cmd.Stdout = os.Stdout
	fail("run", cmd.Run())
}

// crowd: many short-lived processes, some of which nobody waits for, while
// other threads of this process make threads and exit.
func crowd(args []string) {
	done := make(chan bool)
	for i := range 4 {
		go func() {
			for j := range number(args[0]) {
				cmd := self("exit", "0")
				if err := cmd.Start(); err != nil {
					continue
				}
				if (i+j)%3 != 0 {
					cmd.Wait()
				} else if j%2 == 0 {
					cmd.Process.Kill()
				}
			}
			done <- true
		}()
		go func() {
			for range 50 {
				go func() { runtime.LockOSThread() }() // a thread that ends
				runtime.Gosched()
			}
		}()
	}
	for range 4 {
		<-done
	}
}

// threads: the leader's exit(2) leaves the process to another thread, which
// starts a child, waits for it and ends.
func threads([]string) {
	runtime.LockOSThread()
	go func() {
		runtime.LockOSThread()
		for unix.Tgkill(unix.Getpid(), unix.Getpid(), 0) == nil {
			data, err := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", unix.Getpid()))
			if err != nil || strings.Contains(string(data), ") Z ") {
				break
			}
			time.Sleep(time.Millisecond)
		}
		cmd := self("exit", "0")
		fail("run", cmd.Run())
		os.Exit(9)
	}()
	unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

// files opens files that matter, and some that do not.
func files([]string) {
	for _, path := range []string{"/etc/hostname", "/proc/sys/kernel/hostname", "/tmp/x", "/work/../etc/hostname", "/dev/null"} {
		if f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err == nil {
			f.WriteString("by a file\n")
			f.Close()
		}
	}
	os.ReadFile("/etc/hostname")
}

// user: a container in a user namespace of its own.
func user(args []string) {
	if len(args) > 0 {
		fail("sethostname", unix.Sethostname([]byte("nested")))
		hello(nil)
		return
	}
	cmd := in(unix.CLONE_NEWUSER|unix.CLONE_NEWUTS|unix.CLONE_NEWPID, "user", "1")
	cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	fail("run", cmd.Run())
}

// spaces makes more namespaces, one after the other, than there may be at once.
func spaces(args []string) {
	runtime.LockOSThread()
	for i := range number(args[0]) {
		fail("unshare", unix.Unshare(unix.CLONE_NEWUTS))
		fail("sethostname", unix.Sethostname([]byte("space-"+strconv.Itoa(i))))
	}
}
