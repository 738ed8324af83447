package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) > 3 && os.Args[1] == "child" {
		if err := child(os.Args[2], os.Args[3:]); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) < 4 || os.Args[1] != "run" {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	code, err := parent(os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func parent(args []string) (int, error) {
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
	}
	ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	cmd.ExtraFiles = []*os.File{os.NewFile(uintptr(ends[1]), "the parent")}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	cmd.ExtraFiles[0].Close()
	if err := handOver(ends[0]); err != nil {
		return 0, err
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

// handOver sends the host's root when the command runs.
func handOver(to int) error {
	if n, err := unix.Read(to, make([]byte, 1)); n == 0 || err != nil {
		return err
	}
	host, err := unix.OpenTree(unix.AT_FDCWD, "/", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return fmt.Errorf("open the host: %w", err)
	}
	defer unix.Close(host)
	return unix.Sendmsg(to, []byte("/"), unix.UnixRights(host), nil, 0)
}

// mountHost asks for the host's root, and mounts it.
func mountHost(from int) error {
	if _, err := unix.Write(from, []byte("!")); err != nil {
		return err
	}
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(from, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) != 1 {
		return errors.Join(err, errors.New("no descriptor came"))
	}
	host, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return err
	}
	defer unix.Close(host[0])
	return unix.MoveMount(host[0], "", unix.AT_FDCWD, "/mnt", unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// awaitReading waits until a process sleeps: it has begun, and waits for its input; or
// until it has ended.
func awaitReading(pid int) error {
	for {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return err
		}
		if bytes.Contains(stat, []byte(") S ")) || bytes.Contains(stat, []byte(") Z ")) {
			return nil
		}
		time.Sleep(time.Millisecond)
	}
}

func child(image string, command []string) error {
	if err := syscall.Sethostname([]byte("my-container")); err != nil {
		return fmt.Errorf("hostname: %w", err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	rootfs := filepath.Join("/fs", image, "rootfs")
	unix.CloseOnExec(3)
	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("chroot: %w", err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("chdir: %w", err)
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("proc: %w", err)
	}
	cmd := &exec.Cmd{Path: command[0], Args: command, Stdout: os.Stdout, Stderr: os.Stderr}
	input, err := cmd.StdinPipe()
	if err := errors.Join(err, cmd.Start()); err != nil {
		return fmt.Errorf("start: %w", err)
	}
	if err := errors.Join(awaitReading(cmd.Process.Pid), mountHost(3)); err != nil {
		return fmt.Errorf("mount: %w", err)
	}
	// The command reads to the end, and cannot have ended before.
	_, _ = io.Copy(input, os.Stdin)
	input.Close()
	_ = cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
	return nil
}
