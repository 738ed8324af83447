package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// leaderUnshares has the leading thread take new namespaces. A child is started by it or
// by another thread, and the leader ends by exit(2), before that or afterwards.
func leaderUnshares(how []string) {
	runtime.LockOSThread()
	if unix.Gettid() != unix.Getpid() {
		fail("thread", fmt.Errorf("it is not the leader"))
	}
	who, when := how[0], how[1]
	_, _, errno := unix.RawSyscall(unix.SYS_UNSHARE, unix.CLONE_NEWPID|unix.CLONE_NEWUTS, 0, 0)
	if errno != 0 {
		fail("unshare", errno)
	}
	started, pids := make(chan struct{}), make(chan int, 1)
	start := func() {
		pid, err := syscall.ForkExec(os.Args[0], []string{os.Args[0], "hello"}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
		fail("fork", err)
		pids <- pid
		close(started)
	}
	if who == "leader" {
		start()
	}
	tid := unix.Gettid()
	go func() {
		runtime.LockOSThread()
		if when == "before" {
			awaitZombie(tid)
		}
		if who == "other" {
			start()
		}
		var status unix.WaitStatus
		_, err := unix.Wait4(<-pids, &status, 0, nil)
		fail("wait", err)
		if when == "after" {
			awaitZombie(tid)
		}
		os.Exit(status.ExitStatus())
	}()
	if when == "after" {
		<-started
	}
	unix.Syscall(unix.SYS_EXIT, 0, 0, 0)
}

// awaitZombie waits until a leading thread has ended: it stays as a zombie.
func awaitZombie(leader int) {
	for {
		data, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", leader))
		if i := strings.LastIndexByte(string(data), ')'); i >= 0 && strings.HasPrefix(string(data[i:]), ") Z") {
			return
		}
		unix.Nanosleep(&unix.Timespec{Nsec: 1e6}, nil)
	}
}

// hideClone asks for a child that no tracer sees, by clone(2), as a process or a
// thread does; and says that it could when it was refused.
func hideClone(how []string) {
	text := []byte("got away with it\n")
	ask := func() {
		runtime.LockOSThread()
		rawHidden(text)
		os.Exit(0)
	}
	if how[0] == "thread" {
		go ask()
		select {}
	}
	ask()
}

//go:norace
//go:nosplit
func rawHidden(text []byte) {
	unix.RawSyscall6(unix.SYS_CLONE, unix.CLONE_UNTRACED|uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	// Child and parent alike.
	unix.RawSyscall(unix.SYS_WRITE, 1, uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)))
}
