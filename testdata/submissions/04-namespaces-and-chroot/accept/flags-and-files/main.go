package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
)

// Subcommands with flags of their own, and a wait on a pipe until the parent is
// ready; open files that are not folders.
func main() {
	if len(os.Args) < 2 {
		usage()
	}
	var err error
	switch os.Args[1] {
	case "run":
		err = run(os.Args[2:])
	case "child":
		err = child(os.Args[2:])
	default:
		usage()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func usage() {
	fmt.Fprintln(os.Stderr, "usage: run [-name NAME] IMAGE COMMAND [ARGS...]")
	os.Exit(2)
}

func run(args []string) error {
	fs := flag.NewFlagSet("run", flag.ExitOnError)
	name := fs.String("name", "container", "the container's hostname")
	fs.Parse(args)
	if fs.NArg() < 2 {
		usage()
	}
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child", "-name", *name, "--"}, fs.Args()...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{r}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		return err
	}
	r.Close()
	fmt.Fprintln(os.Stderr, "the container is pid", cmd.Process.Pid)
	w.Close() // go
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 0 {
		os.Exit(code)
	}
	return nil
}

func child(args []string) error {
	fs := flag.NewFlagSet("child", flag.ExitOnError)
	name := fs.String("name", "", "")
	fs.Parse(args)
	io.ReadAll(os.NewFile(3, "go")) // stays open: it is a pipe's end
	image, command := fs.Arg(0), fs.Args()[1:]
	if err := syscall.Sethostname([]byte(*name)); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	rootfs := fmt.Sprintf("/fs/%s/rootfs", image)
	if err := os.Chdir(rootfs); err != nil {
		return err
	}
	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.MkdirAll("/proc", 0o555); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	// A shell would take the words apart: the command is started as it came.
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return err
	}
	syscall.Unmount("/proc", 0)
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
