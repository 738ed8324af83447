package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// No package for netlink: the messages are put together in message.go.
func main() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "usage: run IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	if os.Args[1] == "child" {
		fmt.Fprintln(os.Stderr, "child:", child(filepath.Join("/fs", os.Args[2], "rootfs"), os.Args[3:]))
		os.Exit(1)
	}
	code, err := parent()
	if err != nil {
		fmt.Fprintln(os.Stderr, "parent:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

func parent() (int, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		return 0, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "ours"), os.NewFile(uintptr(pair[1]), "theirs")
	unix.CloseOnExec(pair[0])
	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{theirs}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWNS | unix.CLONE_NEWNET}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	theirs.Close()
	failed := host(cmd.Process.Pid)
	if failed == nil {
		ours.WriteString("!")
	}
	ours.Close()
	err = cmd.Wait()
	if failed = errors.Join(failed, filter(false)); failed != nil {
		return 0, failed
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func host(pid int) error {
	n, err := open(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer n.close()
	if err := n.pair("raw0", "raw1", pid); err != nil {
		return err
	}
	if err := n.setUp("raw0", [4]byte{10, 0, 0, 1}); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return err
	}
	return filter(true)
}

func child(rootfs string, command []string) error {
	var one [1]byte
	if n, err := unix.Read(3, one[:]); n != 1 {
		return fmt.Errorf("no network (%v)", err)
	}
	unix.Close(3)
	n, err := open(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	if err := errors.Join(n.setUp("lo", [4]byte{}), n.setUp("raw1", [4]byte{10, 0, 0, 2}), n.gateway([4]byte{10, 0, 0, 1})); err != nil {
		return err
	}
	n.close()
	if err := errors.Join(
		unix.Sethostname([]byte("raw")),
		unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""),
		unix.Mount(rootfs, rootfs, "", unix.MS_BIND, ""),
		unix.Chdir(rootfs),
		unix.Mount("proc", "proc", "proc", 0, ""),
		os.WriteFile("etc/resolv.conf", []byte("# raw\nnameserver 1.1.1.1\n"), 0o644),
		unix.PivotRoot(".", "."),
		unix.Unmount(".", unix.MNT_DETACH),
		unix.Chdir("/"),
	); err != nil {
		return err
	}
	return unix.Exec(command[0], command, os.Environ())
}
