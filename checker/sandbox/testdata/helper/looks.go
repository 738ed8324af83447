package main

import (
	"bufio"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// looks are attacks that read what they should not.
func looks() map[string]func([]string) {
	return map[string]func([]string){
		"look":     look,
		"env":      environment,
		"stdin":    stdin,
		"leaks":    leaks,
		"limits":   limits,
		"writers":  writers,
		"secret":   secret,
		"terminal": terminal,
	}
}

// look tries to read each path, a folder's names or a file's bytes.
func look(paths []string) {
	for _, path := range paths {
		f, err := os.Open(path)
		if err != nil {
			tried("open "+path, err)
			continue
		}
		if names, err := f.Readdirnames(-1); err == nil {
			say(fmt.Sprint(len(names), " names"), "open "+path)
		} else {
			n, _ := io.Copy(io.Discard, f)
			say(fmt.Sprint(n, " bytes"), "open "+path)
		}
		f.Close()
	}
}

func environment([]string) {
	for _, v := range os.Environ() {
		say("env", v)
	}
}

// secret looks for a text in what every process shows of itself.
func secret(args []string) {
	seen := 0
	filepath.WalkDir("/proc", func(path string, d fs.DirEntry, err error) error {
		name := filepath.Base(path)
		if err == nil && (name == "environ" || name == "cmdline" || name == "comm" || name == "mem") {
			seen++
			if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), args[0]) {
				if self, err := os.ReadFile("/proc/self/cmdline"); err != nil || string(self) != string(data) {
					say("found", path)
				}
			}
		}
		if err != nil || path != "/proc" && d.IsDir() && strings.Trim(d.Name(), "0123456789") != "" {
			return fs.SkipDir
		}
		return nil
	})
	say(fmt.Sprint(seen > 3), "looked")
}

func stdin([]string) {
	var b [1]byte
	n, err := unix.Read(0, b[:])
	say(fmt.Sprint(n, " bytes"), "read stdin")
	tried("read stdin without error", err)
	for fd := range 3 {
		var st unix.Stat_t
		must(unix.Fstat(fd, &st))
		say(fmt.Sprint(st.Mode&unix.S_IFMT == unix.S_IFIFO), fmt.Sprint("pipe ", fd))
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		tried(fmt.Sprint("terminal ", fd), err)
	}
	open("open /dev/tty", "/dev/tty", unix.O_RDWR)
	sid, err := unix.Getsid(0)
	must(err)
	say(sid == os.Getpid(), "leads its session")
	say(os.Getpid() != 1, "is not pid 1")
}

// terminal looks at the terminal that it was given.
func terminal([]string) {
	for fd := range 3 {
		_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		tried(fmt.Sprint("terminal ", fd), err)
	}
	open("open /dev/tty", "/dev/tty", unix.O_RDWR)
	group, err := unix.IoctlGetInt(0, unix.TIOCGPGRP)
	must(err)
	say(group == os.Getpid(), "in the foreground")
	b := byte('x')
	call("TIOCSTI", unix.SYS_IOCTL, 0, unix.TIOCSTI, uintptr(unsafe.Pointer(&b)))
	var line [64]byte
	n, err := unix.Read(0, line[:])
	must(err)
	say(strings.TrimSpace(string(line[:n])), "typed")
}

// leaks lists the descriptors and walks out of the working directory.
func leaks([]string) {
	dir, err := unix.Open("/proc/self/fd", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	must(err)
	f := os.NewFile(uintptr(dir), "fd")
	names, err := f.Readdirnames(-1)
	must(err)
	for _, n := range names {
		target, _ := os.Readlink("/proc/self/fd/" + n)
		kind, _, _ := strings.Cut(target, ":")
		say(kind, "descriptor "+n)
	}
	cwd, err := os.Getwd()
	must(err)
	say(cwd, "working directory")
	var root, up unix.Stat_t
	must(unix.Stat("/", &root))
	for _, way := range []string{"..", "../..", "../../../../../../..", "/proc/self/cwd/../../../..", "/proc/self/root/.."} {
		must(unix.Stat(way, &up))
		say(way == ".." && cwd != "/" && filepath.Dir(cwd) == "/" && up.Ino == root.Ino || way != ".." && up.Ino == root.Ino && up.Dev == root.Dev, "ends at the root "+way)
	}
	// An ordinary user's init is of the same id outside, so that the folder opens.
	for fd := range 32 {
		path := fmt.Sprint("/proc/1/fd/", fd)
		if _, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK, 0); err != unix.ENOENT {
			tried("open "+path, err)
		}
	}
	open("open /proc/1/cwd", "/proc/1/cwd/.", unix.O_RDONLY)
	open("open /proc/1/root", "/proc/1/root/.", unix.O_RDONLY)
}

func limits([]string) {
	for name, resource := range map[string]int{
		"core": unix.RLIMIT_CORE, "fsize": unix.RLIMIT_FSIZE, "nofile": unix.RLIMIT_NOFILE,
		"nproc": unix.RLIMIT_NPROC, "data": unix.RLIMIT_DATA, "msgqueue": unix.RLIMIT_MSGQUEUE,
		"sigpending": unix.RLIMIT_SIGPENDING, "rtprio": unix.RLIMIT_RTPRIO, "nice": unix.RLIMIT_NICE,
	} {
		var l unix.Rlimit
		if err := unix.Getrlimit(resource, &l); err != nil {
			tried("hard "+name, err)
			continue
		}
		say(l.Max, "hard "+name)
		if l.Max != unix.RLIM_INFINITY && resource != unix.RLIMIT_CORE {
			l.Max++
			tried("raise "+name, unix.Setrlimit(resource, &l))
		}
	}
	// By the call itself: os and syscall change RLIMIT_NOFILE on their own.
	lower := unix.Rlimit{}
	tried("lower core", unix.Setrlimit(unix.RLIMIT_CORE, &lower))
	must(unix.Getrlimit(unix.RLIMIT_CORE, &lower))
	say(lower.Cur, "lowered core")
	f, err := os.Open("/proc/self/status")
	must(err)
	for sc := bufio.NewScanner(f); sc.Scan(); {
		if k, v, _ := strings.Cut(sc.Text(), ":"); k == "Seccomp" || k == "CapEff" || k == "CapBnd" || k == "NoNewPrivs" || k == "SigIgn" || k == "SigBlk" || k == "Uid" || k == "Groups" {
			say(strings.Join(strings.Fields(v), " "), k)
		}
	}
	for _, name := range []string{"user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time"} {
		link, err := os.Readlink("/proc/self/ns/" + name)
		must(err)
		say(link, "ns "+name)
	}
	oom, err := os.ReadFile("/proc/self/oom_score_adj")
	must(err)
	say(strings.TrimSpace(string(oom)), "oom_score_adj")
	cgroup, err := os.ReadFile("/proc/self/cgroup")
	must(err)
	for _, line := range strings.Split(strings.TrimSpace(string(cgroup)), "\n") {
		say("cgroup", line)
	}
	var u unix.Utsname
	must(unix.Uname(&u))
	say(unix.ByteSliceToString(u.Nodename[:]), "hostname")
}

// writers lists all files of /proc, without those of processes, and of the
// root file system that can be opened for writing, and folders that can be
// written to.
func writers([]string) {
	tries := 0
	for _, root := range []string{"/proc", "/"} {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return nil
			case root == "/proc" && filepath.Dir(path) == root && strings.Trim(d.Name(), "0123456789") == "":
				return fs.SkipDir
			case root == "/" && (path == "/proc" || path == "/usr/share" || path == "/usr/lib" || path == "/usr/local" || path == "/usr/include"):
				return fs.SkipDir // large, and under the same mount as the rest of /usr
			case d.IsDir():
				if unix.Access(path, unix.W_OK) == nil {
					say("folder", path)
				}
			case d.Type().IsRegular():
				tries++
				if fd, err := unix.Open(path, unix.O_WRONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err == nil {
					unix.Close(fd)
					say("file", path)
				}
			}
			return nil
		})
	}
	say(tries > 500, "tried many")
}
