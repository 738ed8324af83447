package main

import (
	"errors"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) > 1 && os.Args[1] == "container" {
		inside(os.Args[2], os.Args[3], os.Args[4:])
	}
	if len(os.Args) < 4 || os.Args[1] != "run" {
		log.Fatal("usage: run IMAGE COMMAND [ARGS...]")
	}
	c := exec.Command("/proc/self/exe")
	c.Args = append([]string{os.Args[0], "container"}, os.Args[2:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	// Go makes / private itself where a mount namespace is unshared.
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
		Unshareflags: syscall.CLONE_NEWNS,
	}
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		log.Fatal(err)
	}
}

func must(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %v", what, err)
	}
}

func inside(image, command string, args []string) {
	root := filepath.Join("/fs", image, "rootfs")
	must("hostname", syscall.Sethostname([]byte("c-"+image)))
	must("bind", syscall.Mount(root, root, "bind", syscall.MS_BIND|syscall.MS_REC, ""))
	old := filepath.Join(root, ".old")
	must("mkdir", os.MkdirAll(old, 0o700))
	must("pivot_root", syscall.PivotRoot(root, old))
	must("chdir", os.Chdir("/"))
	// The old /proc is still there, at /.old/proc, so that a new one may be mounted.
	must("proc", syscall.Mount("proc", "/proc", "proc", 0, ""))
	must("umount", syscall.Unmount("/.old", syscall.MNT_DETACH))
	must("rmdir", os.Remove("/.old"))

	// This process stays, as pid 1, and waits for the command.
	c := exec.Command(command, args...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := c.Run()
	if c.ProcessState == nil {
		log.Fatal(err)
	}
	os.Exit(c.ProcessState.ExitCode())
}
