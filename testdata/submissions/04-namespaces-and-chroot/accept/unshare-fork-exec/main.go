package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// As unshare --fork does it: the first process leaves the host's namespaces
// itself, then forks. ForkExec makes no pidfd, and so no throw-away process.
func main() {
	args := os.Args[1:]
	if len(args) > 1 && args[0] == "--stage2" {
		if err := stage2(args[1:]); err != nil {
			fmt.Fprintln(os.Stderr, "container:", err)
		}
		os.Exit(111)
	}
	if len(args) < 3 || args[0] != "run" {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	runtime.LockOSThread()
	flags := syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS | syscall.CLONE_NEWPID
	if err := syscall.Unshare(flags); err != nil {
		fmt.Fprintln(os.Stderr, "unshare:", err)
		os.Exit(1)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_SLAVE, ""); err != nil {
		fmt.Fprintln(os.Stderr, "slave:", err)
		os.Exit(1)
	}
	pid, err := syscall.ForkExec("/proc/self/exe", append([]string{"c", "--stage2"}, args[1:]...), &syscall.ProcAttr{
		Files: []uintptr{0, 1, 2}, Env: []string{"PATH=/bin:/usr/bin", "container=" + strconv.Itoa(os.Getpid())},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "fork:", err)
		os.Exit(1)
	}
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(pid, &status, 0, nil)
		if err != syscall.EINTR {
			break
		}
	}
	os.Exit(status.ExitStatus())
}

func stage2(args []string) error {
	if err := syscall.Sethostname([]byte("forked")); err != nil {
		return err
	}
	if err := syscall.Chdir("/fs/" + args[0] + "/rootfs"); err != nil {
		return err
	}
	if err := syscall.Mount("p", "proc", "proc", 0, ""); err != nil {
		return err
	}
	if err := syscall.Chroot("."); err != nil {
		return err
	}
	return syscall.Exec(args[1], args[1:], os.Environ())
}
