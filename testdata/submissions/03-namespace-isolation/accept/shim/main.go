package main

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Stages: engine -> shim -> container. The shim is what stays beside the
// container, as containerd's does.
var stages = map[string]func() error{
	"engine":    engine,
	"shim":      shim,
	"container": container,
}

func main() {
	stage := "engine"
	if len(os.Args) > 1 {
		stage = os.Args[1]
	}
	f, ok := stages[stage]
	if !ok {
		fmt.Fprintf(os.Stderr, "unknown stage %q\n", stage)
		os.Exit(2)
	}
	if err := f(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", stage, err)
		os.Exit(1)
	}
}

func next(stage string) error {
	pid, err := syscall.ForkExec("/proc/self/exe", []string{os.Args[0], stage}, &syscall.ProcAttr{
		Env:   os.Environ(),
		Files: []uintptr{0, 1, 2},
	})
	if err != nil {
		return fmt.Errorf("start %s: %w", stage, err)
	}
	var ws syscall.WaitStatus
	for {
		if _, err = syscall.Wait4(pid, &ws, 0, nil); err != syscall.EINTR {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("wait for %s: %w", stage, err)
	}
	if ws.ExitStatus() != 0 {
		return fmt.Errorf("%s ended with status %d", stage, ws.ExitStatus())
	}
	return nil
}

func engine() error {
	fmt.Printf("engine    pid %d\n", os.Getpid())
	return next("shim")
}

func shim() error {
	fmt.Printf("shim      pid %d\n", os.Getpid())
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS); err != nil {
		return fmt.Errorf("unshare: %w", err)
	}
	return next("container")
}

func container() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	fmt.Printf("container pid %d, still called %s\n", os.Getpid(), name)
	if err := syscall.Sethostname([]byte("shimmed")); err != nil {
		return fmt.Errorf("sethostname: %w", err)
	}
	if name, err = os.Hostname(); err != nil {
		return err
	}
	fmt.Printf("container pid %d, now called %s\n", os.Getpid(), name)
	return nil
}
