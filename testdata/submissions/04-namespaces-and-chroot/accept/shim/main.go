package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// engine -> shim -> container: the shim stays beside the container, in
// namespaces of its own, and reports how it ended.
func main() {
	role, args := "", []string{}
	if len(os.Args) > 1 {
		role, args = os.Args[1], os.Args[2:]
	}
	var code int
	var err error
	switch {
	case len(args) < 2:
		err = fmt.Errorf("usage: %s run IMAGE COMMAND [ARGS...]", os.Args[0])
	case role == "run":
		code, err = again("shim", args, syscall.CLONE_NEWNS)
	case role == "shim":
		if err = syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err == nil {
			code, err = again("container", args, syscall.CLONE_NEWPID|syscall.CLONE_NEWUTS)
		}
	case role == "container":
		err = container(args[0], args[1:])
	default:
		err = fmt.Errorf("what is %q?", role)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", role, err)
		os.Exit(125)
	}
	os.Exit(code)
}

func again(role string, args []string, flags uintptr) (int, error) {
	p, err := os.StartProcess("/proc/self/exe", append([]string{"/proc/self/exe", role}, args...), &os.ProcAttr{
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
		Sys:   &syscall.SysProcAttr{Cloneflags: flags},
	})
	if err != nil {
		return 0, err
	}
	state, err := p.Wait()
	if err != nil {
		return 0, err
	}
	return state.ExitCode(), nil
}

func container(image string, command []string) error {
	if err := syscall.Sethostname([]byte("boxed")); err != nil {
		return err
	}
	for _, step := range []func() error{
		func() error { return os.Chdir("/fs/" + image + "/rootfs") },
		func() error { return syscall.Chroot(".") },
		func() error { return syscall.Mount("proc", "/proc", "proc", 0, "") },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	path, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	return syscall.Exec(path, command, []string{"PATH=/bin"})
}
