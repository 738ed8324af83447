package main

import (
	"errors"
	"fmt"
	"log"
	"os"
	"syscall"
	"unsafe"
)

const sysClone3 = 435 // the same on every architecture

// cloneArgs is struct clone_args of linux/sched.h, first version.
type cloneArgs struct {
	flags, pidfd, childTID, parentTID, exitSignal, stack, stackSize, tls uint64
}

type program struct {
	path       *byte
	argv, envv []*byte
}

func newProgram(path string, argv, envv []string) (p program, err error) {
	if p.path, err = syscall.BytePtrFromString(path); err != nil {
		return p, err
	}
	if p.argv, err = syscall.SlicePtrFromStrings(argv); err != nil {
		return p, err
	}
	p.envv, err = syscall.SlicePtrFromStrings(envv)
	return p, err
}

//go:norace
func clone3(args *cloneArgs, p *program) (int, error) {
	pid, _, errno := syscall.RawSyscall(sysClone3, uintptr(unsafe.Pointer(args)), unsafe.Sizeof(*args), 0)
	if errno != 0 {
		return 0, errno
	}
	if pid == 0 {
		syscall.RawSyscall(syscall.SYS_EXECVE,
			uintptr(unsafe.Pointer(p.path)),
			uintptr(unsafe.Pointer(&p.argv[0])),
			uintptr(unsafe.Pointer(&p.envv[0])))
		for {
			syscall.RawSyscall(syscall.SYS_EXIT_GROUP, 127, 0, 0)
		}
	}
	return int(pid), nil
}

func run() error {
	p, err := newProgram("/proc/self/exe", []string{os.Args[0], "inside"}, os.Environ())
	if err != nil {
		return err
	}
	args := &cloneArgs{
		flags:      syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS,
		exitSignal: uint64(syscall.SIGCHLD),
	}
	syscall.ForkLock.Lock()
	pid, err := clone3(args, &p)
	syscall.ForkLock.Unlock()
	if err != nil {
		return fmt.Errorf("clone3: %w", err)
	}
	proc, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	state, err := proc.Wait()
	if err != nil {
		return err
	}
	if !state.Success() {
		return errors.New(state.String())
	}
	return nil
}

func inside() error {
	if err := syscall.Sethostname([]byte("clone3.example")); err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	log.Printf("inside: host %v, process %v", host, os.Getpid())
	return nil
}

func main() {
	log.SetFlags(0)
	stage := run
	if len(os.Args) > 1 && os.Args[1] == "inside" {
		stage = inside
	}
	if err := stage(); err != nil {
		log.Fatal(err)
	}
}
