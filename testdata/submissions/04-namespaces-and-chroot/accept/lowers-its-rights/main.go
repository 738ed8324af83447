package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND")
		os.Exit(2)
	}
	if os.Args[1] == "run" {
		cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
		cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS}
		cmd.Run()
		os.Exit(cmd.ProcessState.ExitCode())
	}
	root, command := "/fs/"+os.Args[2]+"/rootfs", os.Args[3:]
	must(unix.Sethostname([]byte("lowered")))
	must(unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
	must(unix.Chroot(root))
	must(unix.Chdir("/"))
	must(unix.Mount("proc", "/proc", "proc", 0, ""))
	for c := uintptr(0); c <= 40; c++ {
		unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	must(unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
	h := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var d [2]unix.CapUserData
	must(unix.Capset(&h, &d[0]))
	unix.Umask(0o022)
	must(unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}))
	must(unix.Exec(command[0], command, os.Environ()))
}
