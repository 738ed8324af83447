package main

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
)

// The second run is told nothing but the image's root: the command, with its
// arguments, comes through a pipe. Go unshares the mount namespace.
func main() {
	if len(os.Args) == 3 && os.Args[1] == "proc" {
		// In the new PID namespace, and in the parent's mount namespace.
		if err := syscall.Mount("proc", os.Args[2]+"/proc", "proc", 0, ""); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		if err := syscall.Sethostname([]byte("direct")); err != nil {
			os.Exit(1)
		}
		if err := syscall.Chroot(os.Args[2]); err != nil {
			os.Exit(1)
		}
		if err := syscall.Chdir("/"); err != nil {
			os.Exit(1)
		}
		command := os.NewFile(3, "command")
		buf := make([]byte, 1<<16)
		n, _ := command.Read(buf)
		command.Close()
		var args []string
		for start, i := 0, 0; i < n; i++ {
			if buf[i] == 0 {
				args = append(args, string(buf[start:i]))
				start = i + 1
			}
		}
		fmt.Fprintln(os.Stderr, syscall.Exec(args[0], args, nil))
		os.Exit(126)
	}
	if len(os.Args) < 4 || os.Args[1] != "run" {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	for _, arg := range os.Args[3:] {
		w.WriteString(arg + "\x00")
	}
	w.Close()
	cmd := exec.Command("/proc/self/exe", "proc", "/fs/"+os.Args[2]+"/rootfs")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:   syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNET,
		Unshareflags: syscall.CLONE_NEWNS,
		Pdeathsig:    syscall.SIGKILL,
	}
	err = cmd.Run()
	if cmd.ProcessState == nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(cmd.ProcessState.ExitCode())
}
