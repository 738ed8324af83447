package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
)

func main() {
	var wg sync.WaitGroup
	wg.Add(1)
	go func() {
		defer wg.Done()
		container()
	}()
	wg.Wait()
	fmt.Println("Container exited")
}

// container runs on a thread that nothing else will use again.
func container() {
	runtime.LockOSThread()
	if err := syscall.Unshare(syscall.CLONE_NEWUTS); err != nil {
		fmt.Println("unshare:", err)
		return
	}
	if err := syscall.Sethostname([]byte("goroutine")); err != nil {
		fmt.Println("sethostname:", err)
		return
	}
	name, _ := os.Hostname()
	fmt.Println("In the container: hostname", name, "pid", os.Getpid())
}
