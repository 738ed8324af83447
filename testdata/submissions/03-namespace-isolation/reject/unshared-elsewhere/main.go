package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

func child() {
	host, _ := os.Hostname()
	fmt.Println("hostname:", host)
	fmt.Println("pid:", os.Getpid())
	if err := syscall.Sethostname([]byte("container")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	host, _ = os.Hostname()
	fmt.Println("hostname:", host)
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		child()
		return
	}
	runtime.LockOSThread()
	if _, _, errno := syscall.RawSyscall(syscall.SYS_UNSHARE, syscall.CLONE_NEWPID|syscall.CLONE_NEWUTS, 0, 0); errno != 0 {
		fmt.Fprintln(os.Stderr, "unshare:", errno)
		os.Exit(1)
	}
	leader := syscall.Gettid()
	start := func() int {
		pid, err := syscall.ForkExec(os.Args[0], []string{os.Args[0], "child"}, &syscall.ProcAttr{Files: []uintptr{0, 1, 2}})
		if err != nil {
			fmt.Fprintln(os.Stderr, "start:", err)
			os.Exit(1)
		}
		return pid
	}
	go func() {
		runtime.LockOSThread()
		for {
			data, _ := os.ReadFile(fmt.Sprintf("/proc/self/task/%d/stat", leader))
			if i := strings.LastIndexByte(string(data), ')'); i >= 0 && strings.HasPrefix(string(data[i:]), ") Z") {
				break
			}
			time.Sleep(time.Millisecond)
		}
		pid := start()
		var status syscall.WaitStatus
		syscall.Wait4(pid, &status, 0, nil)
		os.Exit(status.ExitStatus())
	}()
	syscall.Syscall(syscall.SYS_EXIT, 0, 0, 0)
}
