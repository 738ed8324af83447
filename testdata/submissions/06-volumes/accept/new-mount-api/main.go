package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// volumes is a flag that may be given more than once.
type volumes []string

func (v *volumes) String() string     { return strings.Join(*v, ",") }
func (v *volumes) Set(s string) error { *v = append(*v, s); return nil }

// The calls of newer kernels: open_tree takes a copy of a folder's mount,
// mount_setattr makes it read-only, and move_mount puts it in its place.
func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: run [-v SRC:DST[:ro]]... IMAGE COMMAND [ARGS...]")
		os.Exit(2)
	}
	list := volumes{"volume:/volume"}
	fs := flag.NewFlagSet("run", flag.ExitOnError)
	fs.Var(&list, "v", "a volume")
	fs.Parse(os.Args[2:])
	if fs.NArg() < 2 {
		os.Exit(2)
	}
	if os.Args[1] == "init" {
		fmt.Fprintln(os.Stderr, start(filepath.Join("/fs", fs.Arg(0), "rootfs"), list, fs.Args()[1:]))
		os.Exit(1)
	}
	os.Mkdir("volume", 0o755)
	cmd := exec.Command("/proc/self/exe", append([]string{"init"}, os.Args[2:]...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &unix.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWUTS}
	cmd.Run()
	os.Exit(cmd.ProcessState.ExitCode())
}

func start(rootfs string, list volumes, command []string) error {
	unix.Sethostname([]byte("new-api"))
	private := unix.MountAttr{Propagation: unix.MS_PRIVATE}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", unix.AT_RECURSIVE, &private); err != nil {
		return fmt.Errorf("private: %w", err)
	}
	for _, volume := range list {
		parts := append(strings.Split(volume, ":"), "")
		tree, err := unix.OpenTree(unix.AT_FDCWD, parts[0], unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
		if err != nil {
			return fmt.Errorf("open_tree %s: %w", parts[0], err)
		}
		if parts[2] == "ro" {
			attr := unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
			if err := unix.MountSetattr(tree, "", unix.AT_EMPTY_PATH, &attr); err != nil {
				return fmt.Errorf("mount_setattr: %w", err)
			}
		}
		target := filepath.Join(rootfs, parts[1])
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
			return fmt.Errorf("move_mount: %w", err)
		}
		unix.Close(tree)
	}
	if err := unix.Chroot(rootfs); err != nil {
		return err
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	if err := unix.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return err
	}
	return unix.Exec(command[0], command, os.Environ())
}
