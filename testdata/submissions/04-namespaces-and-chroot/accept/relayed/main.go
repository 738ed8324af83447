package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
)

// Told by the environment which run it is; all three streams go through pipes
// that the parent copies.
func main() {
	if image := os.Getenv("CONTAINER_IMAGE"); image != "" {
		os.Unsetenv("CONTAINER_IMAGE")
		if err := container(image); err != nil {
			fmt.Fprintln(os.Stderr, "container:", err)
			os.Exit(70)
		}
	}
	if len(os.Args) < 4 || os.Args[1] != "run" {
		fmt.Fprintf(os.Stderr, "usage: %s run IMAGE COMMAND [ARGS...]\n", os.Args[0])
		os.Exit(64)
	}
	cmd := exec.Command("/proc/self/exe", os.Args[3:]...)
	cmd.Env = append(os.Environ(), "CONTAINER_IMAGE="+os.Args[2])
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	in, _ := cmd.StdinPipe()
	out, _ := cmd.StdoutPipe()
	errs, _ := cmd.StderrPipe()
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	go func() {
		io.Copy(in, os.Stdin)
		in.Close()
	}()
	var copies sync.WaitGroup
	copies.Go(func() { io.Copy(os.Stdout, out) })
	copies.Go(func() { io.Copy(os.Stderr, errs) })
	copies.Wait()
	cmd.Wait()
	os.Exit(cmd.ProcessState.ExitCode())
}

func container(image string) error {
	if strings.Contains(image, "/") {
		return fmt.Errorf("%q is no image", image)
	}
	syscall.Sethostname([]byte("relayed"))
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	if err := syscall.Chroot("/fs/" + image + "/rootfs"); err != nil {
		return err
	}
	if err := syscall.Chdir("/"); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "proc", "proc", 0, ""); err != nil {
		return err
	}
	return syscall.Exec(os.Args[1], os.Args[1:], os.Environ())
}
