package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// Everything in one list of calls, as small runtimes do it: pivot_root(".", "."),
// with the old root stacked on the new one and taken off again. proc is mounted
// before the pivot.
func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	switch os.Args[1] {
	case "run":
		os.Exit(run(os.Args[2:]))
	case "init":
		initContainer(os.Args[2], os.Args[3:])
	}
}

func run(args []string) int {
	cmd := &exec.Cmd{
		Path: "/proc/self/exe", Args: append([]string{"tiny", "init"}, args...),
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr,
		SysProcAttr: &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC},
	}
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		return 125
	}
	return cmd.ProcessState.ExitCode()
}

func initContainer(image string, command []string) {
	root := "/fs/" + image + "/rootfs"
	steps := []struct {
		what string
		do   func() error
	}{
		{"hostname", func() error { return syscall.Sethostname([]byte(image)) }},
		{"private", func() error { return syscall.Mount("none", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") }},
		{"bind", func() error { return syscall.Mount(root, root, "", syscall.MS_BIND|syscall.MS_REC, "") }},
		{"proc", func() error {
			return syscall.Mount("proc", root+"/proc", "proc", syscall.MS_NOSUID|syscall.MS_NODEV|syscall.MS_NOEXEC, "")
		}},
		{"chdir", func() error { return syscall.Chdir(root) }},
		{"pivot", func() error { return syscall.PivotRoot(".", ".") }},
		{"detach", func() error { return syscall.Unmount(".", syscall.MNT_DETACH) }},
		{"root", func() error { return syscall.Chdir("/") }},
		{"exec", func() error { return syscall.Exec(command[0], command, os.Environ()) }},
	}
	for _, s := range steps {
		if err := s.do(); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", s.what, err)
			os.Exit(126)
		}
	}
}
