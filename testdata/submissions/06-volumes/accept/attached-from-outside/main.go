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
	"strings"

	"golang.org/x/sys/unix"
)

// The child waits, without volumes, while a process of the host opens the folders,
// enters the child's mount namespace and attaches them there.
func main() {
	code, err := 1, error(nil)
	switch os.Args[1] {
	case "run":
		code, err = parent(os.Args[2:])
	case "child":
		err = child(os.Args[2], os.Args[3:])
	case "attach":
		code, err = 0, attach(os.Args[2], os.Args[3], os.Args[4:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, os.Args[1]+":", err)
		code = 1
	}
	os.Exit(code)
}

func parent(args []string) (int, error) {
	volumes := []string{"volume:/volume"}
	for ; args[0] == "-v"; args = args[2:] {
		volumes = append(volumes, args[1])
	}
	rootfs := filepath.Join("/fs", args[0], "rootfs")
	err := os.MkdirAll("volume", 0o755)
	ready, tell, err2 := os.Pipe()
	wait, begin, err3 := os.Pipe()
	if err := errors.Join(err, err2, err3); err != nil {
		return 0, err
	}
	cmd := exec.Command("/proc/self/exe", append([]string{"child", rootfs}, args[1:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.ExtraFiles = []*os.File{tell, wait}
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWPID | unix.CLONE_NEWUTS | unix.CLONE_NEWNS}
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	tell.Close()
	wait.Close()
	_, _ = io.ReadAll(ready)
	helper := exec.Command("/proc/self/exe", append([]string{"attach", strconv.Itoa(cmd.Process.Pid), rootfs}, volumes...)...)
	helper.Stderr = os.Stderr
	if err := helper.Run(); err != nil {
		return 0, err
	}
	begin.Close()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, err
	}
	return cmd.ProcessState.ExitCode(), nil
}

func attach(pid, rootfs string, volumes []string) error {
	var trees []int
	for _, volume := range volumes {
		source, target, _ := strings.Cut(volume, ":")
		tree, err := unix.OpenTree(unix.AT_FDCWD, source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err == nil && strings.HasSuffix(target, ":ro") {
			err = unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY})
		}
		if err != nil {
			return fmt.Errorf("open %s: %w", source, err)
		}
		trees = append(trees, tree)
	}
	runtime.LockOSThread()
	ns, err := unix.Open("/proc/"+pid+"/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err := errors.Join(err, unix.Unshare(unix.CLONE_FS), unix.Setns(ns, unix.CLONE_NEWNS)); err != nil {
		return fmt.Errorf("enter: %w", err)
	}
	for i, volume := range volumes {
		target := filepath.Join(rootfs, strings.Split(volume, ":")[1])
		if err := errors.Join(os.MkdirAll(target, 0o755), unix.MoveMount(trees[i], "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)); err != nil {
			return fmt.Errorf("attach %s: %w", volume, err)
		}
	}
	return nil
}

func child(rootfs string, command []string) error {
	if err := errors.Join(unix.Sethostname([]byte("with-volumes")), unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "")); err != nil {
		return err
	}
	os.NewFile(3, "ready").Close()
	wait := os.NewFile(4, "wait")
	_, _ = io.ReadAll(wait)
	wait.Close()
	if err := errors.Join(unix.Chroot(rootfs), os.Chdir("/"), unix.Mount("proc", "/proc", "proc", 0, "")); err != nil {
		return err
	}
	return unix.Exec(command[0], command, os.Environ())
}
