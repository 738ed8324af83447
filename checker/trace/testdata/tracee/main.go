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

	"golang.org/x/sys/unix"
)

// Some modes have to run on the leading thread, on which the initialization runs. Main
// may have been moved to another by the time that it could ask to stay.
func init() {
	if len(os.Args) > 1 && (os.Args[1] == "unshares" || os.Args[1] == "late") {
		runtime.LockOSThread()
	}
}

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
		"hideclone": hideClone,
		"unshares":  leaderUnshares,
		"rename": func([]string) {
			for {
				unix.Sethostname([]byte("the-killed"))
			}
		},
		"rivals":    rivals,
		"hidevfork": hideVfork,
		"filter":    filter,
		"many":      many,
		"kill":      killInit,
		"sleep":     func([]string) { unix.Pause() },
		"spawn":     spawn,
		"orphan":    orphan,
		"sibling":   sibling,
		"stop":      stop,
		"spared":    spared,
		"flood":     flood,
		"strange":   strange,
		"busy":      busy,
		"signals":   signals,
		"refused":   refused,
		"mountbomb": mountBomb,
		"logs":      logs,
		"late":      late,
		"rawexit":   rawExit,
		"lines":     lines,
		"mount":     mount,
		"die":       func([]string) { unix.Kill(unix.Getpid(), unix.SIGKILL); unix.Pause() },
		"fork":      fork,
		"groups":    groups,
		"crowd":     crowd,
		"threads":   threads,
		"files":     files,
		"user":      user,
		"spaces":    spaces,
		"join":      join,
		"alike":     alike,
		"interrupt": interrupt,
		"exec":      func(args []string) { fail("exec", unix.Exec(args[0], args, os.Environ())) },
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
	fail("symlink", os.Symlink("/old", "/link"))
	for _, paths := range [][2]string{{"/link", "/none"}, {"gone", "old"}, {"old/../../usr", "/old"}, {"/gone", "/none"}} {
		unix.Mount(paths[0], paths[1], "", unix.MS_BIND, "")
	}
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

// join leaves the host's UTS namespace and comes back.
func join([]string) {
	runtime.LockOSThread()
	was, err := unix.Open("/proc/self/ns/uts", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	fail("open", err)
	fail("unshare", unix.Unshare(unix.CLONE_NEWUTS))
	fail("sethostname", unix.Sethostname([]byte("elsewhere")))
	fail("setns", unix.Setns(was, unix.CLONE_NEWUTS))
	unix.Write(1, []byte("back\n"))
	dir, err := unix.Open("/tmp", unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	fail("open", err)
	fail("fchdir", unix.Fchdir(dir))
}
