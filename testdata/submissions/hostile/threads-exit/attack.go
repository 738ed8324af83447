package main

import (
	"os"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Thousands of threads that end, one by one and all at once, while others are
// made and the process ends.
func attack(where string) {
	if where == "storm" {
		for range 20 {
			go func() {
				for {
					var wg sync.WaitGroup
					wg.Add(1)
					go func() {
						runtime.LockOSThread()
						wg.Done()
					}()
					wg.Wait()
				}
			}()
		}
		time.Sleep(50 * time.Millisecond)
		os.Exit(0)
	}
	if where == "leader" { // the first thread ends before the others
		go func() {
			time.Sleep(10 * time.Millisecond)
			os.Exit(0)
		}()
		runtime.LockOSThread()
		unix.RawSyscall(unix.SYS_EXIT, 7, 0, 0)
	}
	for range 3 {
		again("storm", 0)
		again("leader", 0)
	}
}
