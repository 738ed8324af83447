package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

func main() {
	if len(os.Args) > 1 {
		if err := syscall.Sethostname([]byte("traced")); err != nil {
			panic(err)
		}
		name, _ := os.Hostname()
		fmt.Println(name, os.Getpid())
		return
	}
	runtime.LockOSThread() // the tracer is a thread
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS, Ptrace: true}
	if err := cmd.Start(); err != nil {
		panic(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, 0, nil); err != nil {
		panic(err)
	}
	if err := syscall.PtraceDetach(cmd.Process.Pid); err != nil {
		panic(err)
	}
	if err := cmd.Wait(); err != nil {
		panic(err)
	}
}
