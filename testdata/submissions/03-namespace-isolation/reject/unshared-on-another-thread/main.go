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
		runtime.LockOSThread() // so that the goroutine is on another thread
		done := make(chan bool)
		go child(done)
		<-done
		return
	}
	cmd := exec.Command("/proc/self/exe", "child")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID}
	if err := cmd.Run(); err != nil {
		panic(err)
	}
}

func child(done chan bool) {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
		panic(err)
	}
	if err := syscall.Sethostname([]byte("box")); err != nil {
		panic(err)
	}
	name, _ := os.Hostname()
	fmt.Println(name, os.Getpid())
	done <- true
}
