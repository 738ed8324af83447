package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// processes are attacks on other processes.
func processes() map[string]func([]string) {
	return map[string]func([]string){
		"hello":    func([]string) { say("hello", "world") },
		"nested":   nested,
		"kill":     kill,
		"pid1":     pid1,
		"exe":      exe,
		"chroot":   chroot,
		"sleep":    func([]string) { time.Sleep(time.Hour) },
		"daemon":   daemon,
		"linger":   linger,
		"abort":    abort,
		"reboot":   reboot,
		"hostname": hostname,
		"hidden":   hidden,
		"status":   func(args []string) { os.Exit(len(args)) },
		"rights":   rights,
	}
}

// kill sends SIGKILL to everybody.
func kill([]string) {
	sleeper := exec.Command("/proc/self/exe", "sleep")
	must(sleeper.Start())
	tried("kill(-1)", unix.Kill(-1, unix.SIGKILL))
	err := sleeper.Wait() // the control: the attack works
	say(err, "neighbour")
	for pid := 1; pid < 1<<15; pid++ {
		// kill(2) takes the id of a thread for its process.
		if _, err := os.Stat(fmt.Sprint("/proc/self/task/", pid)); err == nil {
			continue
		}
		if err := unix.Kill(pid, unix.SIGKILL); err != unix.ESRCH {
			tried(fmt.Sprint("kill ", pid), err)
		}
	}
	for _, which := range []int{unix.PRIO_PROCESS, unix.PRIO_PGRP, unix.PRIO_USER} {
		tried(fmt.Sprint("nice ", which), unix.Setpriority(which, 0, 19))
	}
	say("alive", "self")
}

// pid1 looks into the sandbox's init and tries to take something from it.
func pid1([]string) {
	for _, name := range []string{"mem", "environ", "maps", "auxv", "syscall", "stack", "pagemap", "map_files", "io", "timers"} {
		data, err := os.ReadFile("/proc/1/" + name)
		if name == "map_files" {
			var names []os.DirEntry
			names, err = os.ReadDir("/proc/1/" + name)
			data = []byte(fmt.Sprint(names))
		}
		if err == nil && len(strings.Trim(string(data), "\x00")) == 0 {
			err = fmt.Errorf("empty")
		}
		tried("read "+name, err)
	}
	for _, name := range []string{"exe", "cwd", "root", "ns/mnt", "ns/user", "ns/pid", "ns/net"} {
		_, err := os.Readlink("/proc/1/" + name)
		tried("link "+name, err)
	}
	cmdline, err := os.ReadFile("/proc/1/cmdline")
	must(err)
	say(fmt.Sprintf("%q", strings.Trim(string(cmdline), "\x00")), "cmdline")
	call("ptrace attach", unix.SYS_PTRACE, unix.PTRACE_ATTACH, 1)
	call("ptrace seize", unix.SYS_PTRACE, unix.PTRACE_SEIZE, 1)
	call("ptrace traceme", unix.SYS_PTRACE, unix.PTRACE_TRACEME)
	var buf [8]byte
	local := unix.Iovec{Base: &buf[0], Len: 8}
	remote := unix.RemoteIovec{Base: 0x400000, Len: 8}
	_, err = unix.ProcessVMReadv(1, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
	tried("process_vm_readv", err)
	_, err = unix.ProcessVMWritev(1, []unix.Iovec{local}, []unix.RemoteIovec{remote}, 0)
	tried("process_vm_writev", err)
	fd, err := unix.PidfdOpen(1, 0)
	must(err)
	for i := range 10 {
		if got, err := unix.PidfdGetfd(fd, i, 0); err == nil {
			say("ok", fmt.Sprint("pidfd_getfd ", i))
			unix.Close(got)
		} else {
			tried("pidfd_getfd", err)
		}
	}
	tried("setns", unix.Setns(fd, unix.CLONE_NEWUSER|unix.CLONE_NEWNS))
	call("move_pages", unix.SYS_MOVE_PAGES, 1)
	for name, data := range map[string]string{"mem": "\x00", "uid_map": "0 0 1", "gid_map": "0 0 1", "setgroups": "allow", "loginuid": "0"} {
		fd, err := unix.Open("/proc/1/"+name, unix.O_WRONLY, 0)
		if err == nil {
			_, err = unix.Write(fd, []byte(data))
		}
		tried("write "+name, err)
	}
}

func exe([]string) {
	for _, path := range []string{"/proc/self/exe", "/submission/main", "/proc/1/exe", "/usr/bin/env", "/bin/sh"} {
		open("write "+path, path, unix.O_WRONLY)
		open("truncate "+path, path, unix.O_WRONLY|unix.O_TRUNC)
	}
	tried("unlink", unix.Unlink("/submission/main"))
	tried("rename", unix.Rename("/submission/main", "/tmp/main"))
	tried("chmod", unix.Chmod("/usr/bin/env", 0o777))
	tried("create", os.WriteFile("/usr/bin/evil", nil, 0o755))
}

// chroot gets out of a chroot in the usual way, and looks where it is.
func chroot([]string) {
	var before, after unix.Stat_t
	must(unix.Stat("/", &before))
	must(os.MkdirAll("/tmp/jail", 0o755))
	must(unix.Chroot("/tmp/jail"))
	for range 64 {
		must(unix.Chdir(".."))
	}
	must(unix.Chroot("."))
	must(unix.Stat("/", &after))
	say(before.Ino == after.Ino && before.Dev == after.Dev, "still in the sandbox")
	names, err := os.ReadDir("/")
	must(err)
	for _, n := range names {
		say("root", n.Name())
	}
}

// daemon leaves a process in a session of its own behind.
func daemon(args []string) {
	cmd := exec.Command("/proc/self/exe", append([]string{"sleep"}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	must(cmd.Start())
	say("ok", "daemon")
}

// linger makes processes of all kinds that do not end.
func linger([]string) {
	for _, flags := range []uintptr{0, unix.CLONE_NEWPID, unix.CLONE_NEWUTS | unix.CLONE_NEWNS, unix.CLONE_NEWUSER} {
		cmd := exec.Command("/proc/self/exe", "sleep")
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Cloneflags: flags}
		must(cmd.Start())
	}
	say("ok", "lingering")
	time.Sleep(time.Hour)
}

// abort has a child dump core.
func abort([]string) {
	cmd := exec.Command("/bin/sh", "-c", "kill -QUIT $$")
	err := cmd.Run()
	status := cmd.ProcessState.Sys().(syscall.WaitStatus)
	say(err, "child")
	say(status.CoreDump(), "core dumped")
	names, err := os.ReadDir(".")
	must(err)
	say(len(names), "files in the working directory")
}

func hostname([]string) {
	tried("sethostname", unix.Sethostname([]byte("pidone-escaped")))
	tried("setdomainname", unix.Setdomainname([]byte("pidone-escaped")))
	var u unix.Utsname
	must(unix.Uname(&u))
	say(unix.ByteSliceToString(u.Nodename[:]), "hostname")
	open("write hostname", "/proc/sys/kernel/hostname", unix.O_WRONLY)
	open("write hostname file", "/etc/hostname", unix.O_WRONLY)
}

func reboot([]string) {
	say("ok", "before")
	tried("reboot", unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART))
}

// hidden tries to make processes that an observer does not see.
func hidden([]string) {
	fork := func(what string, nr uintptr, args ...uintptr) {
		var a [6]uintptr
		copy(a[:], args)
		pid, _, errno := unix.RawSyscall6(nr, a[0], a[1], a[2], a[3], a[4], a[5])
		if errno == 0 && pid == 0 {
			unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
		}
		tried(what, errno)
		if errno == 0 {
			unix.Wait4(int(pid), nil, unix.WALL, nil)
		}
	}
	fork("clone", unix.SYS_CLONE, uintptr(unix.SIGCHLD))
	fork("clone untraced", unix.SYS_CLONE, uintptr(unix.SIGCHLD)|unix.CLONE_UNTRACED)
	args := struct{ flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64 }{exitSignal: uint64(unix.SIGCHLD)}
	fork("clone3", unix.SYS_CLONE3, uintptr(unsafe.Pointer(&args)), unsafe.Sizeof(args))
	allow := [...]unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW}}
	prog := unix.SockFprog{Len: 1, Filter: &allow[0]}
	call("seccomp listener", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, uintptr(unsafe.Pointer(&prog)))
	call("seccomp", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
}

// rights keeps standard output open beyond its own end, as far as it can: in
// a cycle of sockets that hold each other.
func rights([]string) {
	for range 8 {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
		must(err)
		held := unix.UnixRights(pair[0], pair[1], 1, 2)
		must(unix.Sendmsg(pair[0], []byte("x"), held, nil, 0))
		must(unix.Sendmsg(pair[1], []byte("x"), held, nil, 0))
	}
	say("ok", "held")
}
