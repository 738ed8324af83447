package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"syscall"
)

func attr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS}
}

// The child prepares everything and goes into the root by Go's own means, with
// SysProcAttr.Chroot and Dir; then it changes its own root as well.
func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	image, command := os.Args[2], os.Args[3:]
	rootfs := path.Join("/fs", image, "rootfs")
	var cmd *exec.Cmd
	if os.Args[1] == "run" {
		cmd = exec.Command("/proc/self/exe", append([]string{"child", image}, command...)...)
		cmd.SysProcAttr = attr()
	} else {
		check(syscall.Sethostname([]byte(image + "-1")))
		check(syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""))
		check(syscall.Mount("proc", rootfs+"/proc", "proc", 0, ""))
		check(os.Chdir(rootfs))
		check(syscall.Chroot(rootfs))
		cmd = &exec.Cmd{Path: command[0], Args: command, Dir: "/", SysProcAttr: &syscall.SysProcAttr{Chroot: "/"}}
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		check(err)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
