package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"
	"unsafe"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "child" {
		syscall.Sethostname([]byte("inner"))
		h, _ := os.Hostname()
		fmt.Println(h, os.Getpid())
		return
	}
	c := exec.Command("/proc/self/exe", "child")
	c.Stdout = os.Stdout
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS}
	if err := c.Run(); err != nil {
		panic(err)
	}
	// leave a hidden process behind
	go func() {
		runtime.LockOSThread()
		args := [11]uint64{0x00800000 | 0x4000, 0, 0, 0, 17}
		ts := syscall.Timespec{Sec: 3}
		p := uintptr(unsafe.Pointer(&ts))
		r, _, _ := syscall.RawSyscall(435, uintptr(unsafe.Pointer(&args)), 88, 0)
		if r == 0 {
			syscall.RawSyscall(35, p, 0, 0)
			syscall.RawSyscall(60, 0, 0, 0)
		}
	}()
	time.Sleep(200 * time.Millisecond)
	os.Exit(0)
}
