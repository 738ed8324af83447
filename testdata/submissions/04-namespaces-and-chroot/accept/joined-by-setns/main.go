package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A holder is pid 1 of the container and does nothing but wait. The command comes
// in afterwards, by setns and one more fork.
func main() {
	code, err := 0, error(nil)
	switch os.Args[1] {
	case "run":
		code, err = parent(filepath.Join("/fs", os.Args[2], "rootfs"), os.Args[2:])
	case "hold":
		err = hold(os.Args[2])
	case "join":
		code, err = join(os.Args[2], os.Args[3:])
	case "enter":
		err = errors.Join(root(os.Args[2]), unix.Exec(os.Args[3], os.Args[3:], os.Environ()))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
		code = 1
	}
	os.Exit(code)
}

func root(rootfs string) error { return errors.Join(unix.Chroot(rootfs), os.Chdir("/")) }

func self(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd
}

func codeOf(cmd *exec.Cmd) (int, error) {
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func parent(rootfs string, args []string) (int, error) {
	holder := self("hold", rootfs)
	holder.Stdin, holder.Stdout = nil, nil
	holder.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWNS}
	release, err := holder.StdinPipe()
	ready, err2 := holder.StdoutPipe()
	if err := errors.Join(err, err2, holder.Start()); err != nil {
		return 0, err
	}
	if _, err := io.ReadFull(ready, make([]byte, 1)); err != nil {
		return 0, fmt.Errorf("holder: %w", err)
	}
	code, err := codeOf(self(append([]string{"join", strconv.Itoa(holder.Process.Pid), rootfs}, args[1:]...)...))
	release.Close()
	return code, errors.Join(err, holder.Wait())
}

func hold(rootfs string) error {
	err := errors.Join(
		unix.Sethostname([]byte("held")),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount("proc", filepath.Join(rootfs, "proc"), "proc", 0, ""),
		root(rootfs),
	)
	if err != nil {
		return err
	}
	_, err = os.Stdout.WriteString("r")
	_, _ = io.Copy(io.Discard, os.Stdin)
	return err
}

func join(pid string, args []string) (int, error) {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return 0, err
	}
	runtime.LockOSThread()
	fd, err := unix.PidfdOpen(n, 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	if err := errors.Join(unix.Unshare(unix.CLONE_FS), unix.Setns(fd, unix.CLONE_NEWPID|unix.CLONE_NEWUTS|unix.CLONE_NEWNS)); err != nil {
		return 0, fmt.Errorf("enter: %w", err)
	}
	return codeOf(self(append([]string{"enter"}, args...)...))
}
