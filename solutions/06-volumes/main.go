// A program that runs a command in a container: in namespaces of its own, where
// an image's files, and those of volumes, are all the files that there are.
//
//	PROGRAM run [-v SRC:DST[:ro]]... IMAGE COMMAND [ARGS...]
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	code, err := run()
	if err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
	os.Exit(code)
}

// run decides which of the two this run is. It returns the exit code with
// which the program shall end.
func run() (int, error) {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		return 0, child()
	}
	return parent()
}

// child is the second run, which the parent has started: the container.
func child() error {
	hostname, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the hostname: %w", err)
	}
	fmt.Printf("child: hello, my pid is %d, my hostname %s\n", os.Getpid(), hostname)

	if err := syscall.Sethostname([]byte("my-container")); err != nil {
		return fmt.Errorf("set the hostname: %w", err)
	}
	hostname, err = os.Hostname()
	if err != nil {
		return fmt.Errorf("read the new hostname: %w", err)
	}
	fmt.Printf("child: my hostname is now %s\n", hostname)

	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make / private: %w", err)
	}

	// step 2 begin: list the volumes, for a start this one: the folder volume of
	// the working directory, which the container sees at /volume.
	volumes := []string{"volume:/volume"}
	// step 2 end

	// step 3 begin: take every "-v SRC:DST" out of os.Args, so that the image and the
	// command stand where they stood, and put SRC:DST among the volumes.
	for len(os.Args) > 3 && os.Args[2] == "-v" {
		if !strings.Contains(os.Args[3], ":") {
			return fmt.Errorf("-v %s: want SRC:DST or SRC:DST:ro", os.Args[3])
		}
		volumes = append(volumes, os.Args[3])
		os.Args = append(os.Args[:2], os.Args[4:]...)
	}
	// step 3 end

	rootfs := filepath.Join("/fs", os.Args[2], "rootfs")

	// step 2 begin: of each volume, make the folder below rootfs at which it shall
	// appear, and bind-mount it there.
	for _, volume := range volumes {
		fields := strings.Split(volume, ":")
		target := filepath.Join(rootfs, filepath.Join("/", fields[1]))
		if err := os.MkdirAll(target, 0o755); err != nil {
			return fmt.Errorf("make a place for %s: %w", volume, err)
		}
		if err := syscall.Mount(fields[0], target, "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", volume, err)
		}
	}
	// step 2 end

	// step 4 begin: of each volume that ends with :ro, mount it once more where it
	// is, read-only.
	for _, volume := range volumes {
		fields := strings.Split(volume, ":")
		if len(fields) < 3 || fields[2] != "ro" {
			continue
		}
		target := filepath.Join(rootfs, filepath.Join("/", fields[1]))
		if err := syscall.Mount("", target, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("make %s read-only: %w", volume, err)
		}
	}
	// step 4 end

	if err := syscall.Chroot(rootfs); err != nil {
		return fmt.Errorf("change the root to %s: %w", rootfs, err)
	}
	if err := os.Chdir("/"); err != nil {
		return fmt.Errorf("move into the new root: %w", err)
	}

	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount /proc: %w", err)
	}

	command := os.Args[3:]
	path, err := exec.LookPath(command[0])
	if err != nil {
		return fmt.Errorf("find the command: %w", err)
	}
	if err := syscall.Exec(path, command, os.Environ()); err != nil {
		return fmt.Errorf("execute %s: %w", path, err)
	}
	return nil // not reached: this process is the command now
}

// parent is the first run. It starts the child, waits for it and returns its
// exit code.
func parent() (int, error) {
	fmt.Printf("parent: my pid is %d\n", os.Getpid())

	if len(os.Args) < 4 || os.Args[1] != "run" {
		return 0, fmt.Errorf("usage: %s run IMAGE COMMAND [ARGS...]", os.Args[0])
	}

	// step 1 begin: make the folder volume in the working directory, if it is not
	// there.
	if err := os.MkdirAll("volume", 0o755); err != nil {
		return 0, fmt.Errorf("make the volume: %w", err)
	}
	// step 1 end

	cmd := exec.Command("/proc/self/exe", append([]string{"child"}, os.Args[2:]...)...)
	cmd.Stdin = os.Stdin
	cmd.Stdout = os.Stdout
	cmd.Stderr = os.Stderr

	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWNS,
	}

	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start the child: %w", err)
	}

	// Wait calls every exit code but 0 an error. To this program it is an answer.
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		return 0, fmt.Errorf("wait for the child: %w", err)
	}

	code := cmd.ProcessState.ExitCode()
	fmt.Printf("Container exited with exit code %d\n", code)
	return code, nil
}

// step 5 begin: done with steps 1 to 4? Build, run and test it all:
// make run STEP=06 ARGS='run -v /work:/host:ro busybox /bin/sh'
// make check STEP=06
// step 5 end
