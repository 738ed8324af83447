package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// bombs are attacks on what the machine has a limited amount of.
func bombs() map[string]func([]string) {
	return map[string]func([]string){
		"forkbomb":   forkBomb,
		"forks":      forks,
		"memory":     memory,
		"memfd":      memfd,
		"sysv":       sysv,
		"fill":       fill,
		"inodes":     inodes,
		"tmpfs":      tmpfs,
		"mountbomb":  mountBomb,
		"namespaces": namespaces,
		"flood":      flood,
		"inotify":    inotify,
		"signals":    signals,
		"queues":     queues,
		"spin": func([]string) {
			for {
			}
		},
		"descend": descend,
	}
}

// forkBomb doubles, again and again.
func forkBomb([]string) {
	say("ok", "start")
	for {
		unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
	}
}

// forks makes processes that wait, until it can make no more.
func forks([]string) {
	for n := range 1000 {
		pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
		if errno == 0 && pid == 0 {
			for {
				unix.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
			}
		}
		if errno != 0 {
			tried("fork", errno)
			say(n, "processes")
			break
		}
	}
	unix.Kill(-1, unix.SIGKILL)
}

// memory touches as many MiB as it is told.
func memory(args []string) {
	mib, err := strconv.Atoi(args[0])
	must(err)
	for i := range mib {
		b, err := unix.Mmap(-1, 0, 1<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			tried(fmt.Sprint("memory after ", i), err)
			os.Exit(1)
		}
		for j := 0; j < len(b); j += 4096 {
			b[j] = 1
		}
	}
	say("ok", "memory")
}

// memfd fills files that are in no file system.
func memfd(args []string) {
	mib, err := strconv.Atoi(args[0])
	must(err)
	b := make([]byte, 1<<20)
	for i := range mib {
		fd, err := unix.MemfdCreate("x", 0)
		if err == nil {
			_, err = unix.Write(fd, b)
		}
		if err != nil {
			tried(fmt.Sprint("memfd after ", i), err)
			os.Exit(1)
		}
	}
	say("ok", "memfd")
}

// sysv fills System V segments, which outlive their processes.
func sysv(args []string) {
	mib, err := strconv.Atoi(args[0])
	must(err)
	for i := range mib / 8 {
		id, err := unix.SysvShmGet(i+1, 8<<20, unix.IPC_CREAT|0o600)
		var b []byte
		if err == nil {
			b, err = unix.SysvShmAttach(id, 0, 0)
		}
		if err != nil {
			tried(fmt.Sprint("sysv after ", i), err)
			os.Exit(1)
		}
		for j := 0; j < len(b); j += 4096 {
			b[j] = 1
		}
		must(unix.SysvShmDetach(b))
	}
	say("ok", "sysv")
}

// fill writes into folders until the disk is full, and tells how much went in.
func fill(dirs []string) {
	b := make([]byte, 64<<10)
	var total int64
	for _, dir := range dirs {
		// Several files, each below RLIMIT_FSIZE.
		var err error
		for i := 0; err == nil && i < 64; i++ {
			var fd int
			fd, err = unix.Open(fmt.Sprint(dir, "/fill", i), unix.O_CREAT|unix.O_WRONLY, 0o600)
			for n := 0; err == nil && n < 16<<20; {
				var m int
				m, err = unix.Write(fd, b)
				n += max(m, 0)
				total += int64(max(m, 0))
			}
			unix.Close(fd)
		}
		tried("fill "+dir, err)
	}
	say(total, "bytes")
}

// inodes makes empty files until there can be no more.
func inodes(dirs []string) {
	total := 0
	for _, dir := range dirs {
		var err error
		for err == nil && total < 1<<20 {
			var fd int
			if fd, err = unix.Open(fmt.Sprint(dir, "/", total), unix.O_CREAT|unix.O_WRONLY, 0o600); err == nil {
				unix.Close(fd)
				total++
			}
		}
		tried("inodes "+dir, err)
	}
	say(total, "files")
}

// tmpfs fills file systems of its own.
func tmpfs(args []string) {
	must(os.MkdirAll("/tmp/own", 0o755))
	must(unix.Mount("own", "/tmp/own", "tmpfs", 0, "size=90%"))
	say("ok", "mount")
	b := make([]byte, 1<<20)
	mib, err := strconv.Atoi(args[0])
	must(err)
	for i := range mib {
		if err := os.WriteFile(fmt.Sprint("/tmp/own/", i), b, 0o600); err != nil {
			tried(fmt.Sprint("tmpfs after ", i), err)
			os.Exit(1)
		}
	}
	say("ok", "tmpfs")
}

// mountBomb doubles the number of mounts, again and again.
func mountBomb([]string) {
	must(os.MkdirAll("/tmp/a", 0o755))
	must(unix.Mount("a", "/tmp/a", "tmpfs", 0, ""))
	must(unix.Mount("", "/tmp/a", "", unix.MS_SHARED, ""))
	say("ok", "start")
	var err error
	for i := 0; err == nil; i++ {
		err = unix.Mount("/tmp/a", "/tmp/a", "", unix.MS_BIND|unix.MS_REC, "")
	}
	tried("mounts", err)
}

// namespaces makes as many of each kind as it can, each held by a process.
func namespaces([]string) {
	for name, flag := range map[string]uintptr{
		"user": unix.CLONE_NEWUSER, "uts": unix.CLONE_NEWUTS, "net": unix.CLONE_NEWNET, "ipc": unix.CLONE_NEWIPC,
		"mnt": unix.CLONE_NEWNS, "cgroup": unix.CLONE_NEWCGROUP, "pid": unix.CLONE_NEWPID,
	} {
		made, pids := 0, []int{}
		for range 100 {
			pid, _, errno := unix.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD)|flag, 0, 0)
			if errno == 0 && pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_PPOLL, 0, 0, 0)
				}
			}
			if errno != 0 {
				tried(name, errno)
				break
			}
			made++
			pids = append(pids, int(pid))
		}
		say(made <= 64, name+" bounded")
		say(made > 8, name+" usable")
		for _, pid := range pids {
			unix.Kill(pid, unix.SIGKILL)
			unix.Wait4(pid, nil, unix.WALL, nil)
		}
	}
}

// flood writes bytes to both output streams.
func flood(args []string) {
	for fd := 1; fd <= 2; fd++ {
		n, err := strconv.Atoi(args[fd-1])
		must(err)
		f := os.NewFile(uintptr(fd), "stream")
		for i := 0; i < n; i += 1000 {
			b := make([]byte, min(1000, n-i))
			for j := range b {
				b[j] = 'a' + byte((i+j)%26)
			}
			_, err := f.Write(b)
			must(err)
		}
	}
}

func inotify([]string) {
	n := 0
	var err error
	for ; n < 10000; n++ {
		if _, err = unix.InotifyInit(); err != nil {
			break
		}
	}
	tried("inotify", err)
	say(n, "instances")
}

// signals queues real-time signals to itself, blocked.
func signals([]string) {
	runtime.LockOSThread()
	all := unix.Sigset_t{}
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	must(unix.PthreadSigmask(unix.SIG_SETMASK, &all, nil))
	n := 0
	info := [128]byte{}
	*(*int32)(unsafe.Pointer(&info[0])) = 40
	*(*int32)(unsafe.Pointer(&info[8])) = -1 // SI_QUEUE
	var errno syscall.Errno
	for n < 1<<20 {
		_, _, errno = unix.RawSyscall6(unix.SYS_RT_TGSIGQUEUEINFO, uintptr(os.Getpid()), uintptr(unix.Gettid()), 40, uintptr(unsafe.Pointer(&info[0])), 0, 0)
		if errno != 0 {
			break
		}
		n++
	}
	tried("signals", errno)
	say(n, "instances")
}

// queues makes POSIX message queues.
func queues([]string) {
	n := 0
	var errno syscall.Errno
	for n < 1000 {
		name := append([]byte(fmt.Sprint("q", n)), 0)
		_, _, errno = unix.RawSyscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(&name[0])), unix.O_CREAT|unix.O_RDWR, 0o600, 0, 0, 0)
		if errno != 0 {
			break
		}
		n++
	}
	tried("queues", errno)
	say(n, "instances")
}

// descend nests user namespaces as deep as it can.
func descend(args []string) {
	depth := 0
	if len(args) > 0 {
		depth, _ = strconv.Atoi(args[0])
	}
	cmd := exec.Command("/proc/self/exe", "descend", strconv.Itoa(depth+1))
	cmd.Stdout = os.Stdout
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{Size: 1}},
	}
	if err := cmd.Run(); err != nil {
		say(depth, "depth")
	}
}
